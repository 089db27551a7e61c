import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'

/** A mail as it came over the wire, and as a mail program reads it. */
export type Caught = { to: string[]; raw: string; mail: Email }

/** What the server does with a recipient; a number is an SMTP answer to RCPT TO. */
export type Behaviour = 'take' | 'hang' | 'take-and-hang' | 'refuse-mail' | number

/** A real SMTP server on a port of its own. */
export async function openMailServer(port = 0) {
  const caught: Caught[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 100,
    logger: false,
    onMailFrom: (_address, _session, done) => {
      if (mails.sender === 250) done()
      else done(Object.assign(new Error('no'), { responseCode: mails.sender }))
    },
    onRcptTo: ({ address }, _session, done) => {
      const behaviour = mails.behaviour(address)
      if (typeof behaviour !== 'number') return done()
      done(Object.assign(new Error(`${address} is not welcome`), { responseCode: behaviour }))
    },
    onData: (stream, { envelope }, done) =>
      void (async () => {
        const raw = await buffer(stream)
        const to = envelope.rcptTo.map(({ address }) => address)
        const behaviour = mails.behaviour(to[0] ?? '')
        if (behaviour === 'hang') return
        if (behaviour === 'refuse-mail')
          return done(Object.assign(new Error('spam'), { responseCode: 554 }))
        caught.push({ to, raw: raw.toString('latin1'), mail: await PostalMime.parse(raw) })
        if (behaviour === 'take') done()
      })(),
  })
  const mails = {
    caught,
    behaviour: (_address: string): Behaviour => 'take',
    sender: 250,
    url: '',
    to: (address: string) => caught.filter(({ to }) => to.includes(address)),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
  // A client that gives up in the middle is what some tests are about.
  server.on('error', () => {})
  const listening = server.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  mails.url = `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return mails
}
