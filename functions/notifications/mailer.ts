import type { Transporter } from 'nodemailer'

/** A mail, ready to be handed over. */
export type Mail = {
  /** Names the mail for ever: a program that gets it twice shows it once. */
  id: string
  to: { name: string; address: string }
  subject: string
  text: string
  html: string
  pictures: { cid: string; png: Buffer }[]
}

export type Mailer = {
  /** Resolves once the mail server has taken the mail. Throws where it refuses, or does not answer in time. */
  send(mail: Mail): Promise<void>
  close(): void
}

export type MailerOptions = { url: string; from: string; seconds: number; connections: number }

const idleMsMax = 60_000

/** Connects at the first mail and keeps the connections for the next ones. */
export function createMailer({ url, from, seconds, connections }: MailerOptions): Mailer {
  const domain = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? 'localhost'
  const msMax = seconds * 1000
  let transport: Promise<Transporter> | undefined

  async function connect(): Promise<Transporter> {
    const { default: nodemailer } = await import('nodemailer')
    return nodemailer.createTransport({
      url,
      pool: true,
      maxConnections: connections,
      // A connection that the server ended while it was idle is worth one more, not more: see the attempts.
      maxRequeues: 1,
      idleTimeout: idleMsMax,
      dnsTimeout: msMax,
      connectionTimeout: msMax,
      greetingTimeout: msMax,
      // What is on its way ends by its own limit below; this one must not end what is idle.
      socketTimeout: 2 * idleMsMax,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  return {
    async send({ id, to, subject, text, html, pictures }) {
      const open = await (transport ??= connect())
      await open.sendMail({
        messageId: `<${id}@${domain}>`,
        from,
        to,
        subject,
        text,
        html,
        // RFC 3834: nobody's holiday answers to this.
        headers: { 'Auto-Submitted': 'auto-generated' },
        attachments: pictures.map(({ cid, png }, i) => ({
          cid,
          content: png,
          contentType: 'image/png',
          contentDisposition: 'inline',
          filename: `ticket-${i + 1}.png`,
        })),
        signal: AbortSignal.timeout(msMax),
      })
    },
    close: () => void transport?.then((open) => open.close()),
  }
}

/** Why a mail was not taken, and whether it never will be. */
export type Failure = { outcome: 'REFUSED' | 'UNKNOWN'; isFinal: boolean; detail: string }

/**
 * What an error of `send` says. An answer of 5xx to the recipient or to the mail itself is final (RFC 5321,
 * 4.2.1), but for 503, which is about the order of commands. All else may get better: a refused sender or
 * password is a setting that somebody corrects. The server's own words may hold the address, so they are
 * not kept.
 */
export function failureOf(err: unknown): Failure {
  const { code, responseCode, command } = err as {
    code?: string
    responseCode?: number
    command?: string
  }
  if (!responseCode) return { outcome: 'UNKNOWN', isFinal: false, detail: code ?? 'no answer' }
  const isOfMail = command === 'RCPT TO' || command === 'DATA'
  return {
    outcome: 'REFUSED',
    isFinal: isOfMail && responseCode >= 500 && responseCode !== 503,
    detail: `SMTP ${responseCode} at ${command ?? 'connecting'}`,
  }
}
