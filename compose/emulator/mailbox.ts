import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { createMails } from './mailbox/mails.ts'
import { answerMailbox } from './mailbox/routes.ts'

/** Catches every mail that is sent to it and shows it, so that no mail of a laptop ever reaches a person. */
export type Mailbox = {
  smtpUrl: string
  /** Of its pages. */
  port: number
  stop(): Promise<void>
}

const mailBytesMax = 5 * 1024 * 1024
/** For a mail that is on its way when the mailbox stops; idle connections are ended with it. */
const closeMsMax = 1000

export type MailboxOptions = {
  /** Where SMTP listens; the loopback unless it is said otherwise. */
  host?: string
  /** Of SMTP; 0 takes a free one. */
  smtpPort?: number
  say: (line: string) => void
}

/** Starts an SMTP server without log-in and, on a free port of the loopback, its pages. */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { say, host = '127.0.0.1', smtpPort = 0 } = options
  const mails = createMails()
  const smtp = new SMTPServer({
    size: mailBytesMax,
    closeTimeout: closeMsMax,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => {
        if (!stream.sizeExceeded) chunks.push(chunk)
      })
      stream.on('end', () => {
        if (stream.sizeExceeded)
          return done(Object.assign(new Error('The mail is too large'), { responseCode: 552 }))
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        mails.add({
          from,
          to: envelope.rcptTo.map((one) => one.address),
          raw: Buffer.concat(chunks),
        })
        done()
      })
    },
  })
  smtp.on('error', (err) => say(`the mailbox: ${err.message}`))
  await new Promise<void>((resolve) => smtp.listen(smtpPort, host, resolve))

  const pages = createServer((incoming, outgoing) => void answerMailbox(mails, incoming, outgoing))
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  return {
    smtpUrl: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    port: (pages.address() as AddressInfo).port,
    async stop() {
      await Promise.all([
        new Promise<void>((resolve) => smtp.close(resolve)),
        new Promise<void>((resolve) => {
          pages.close(() => resolve())
          pages.closeAllConnections()
        }),
      ])
    },
  }
}
