import { randomUUID } from 'node:crypto'
import PostalMime, { type Email } from 'postal-mime'

/** A mail as it came over SMTP; `from` and `to` are the envelope's, which decide where a mail goes. */
export type Mail = {
  id: string
  receivedAt: string
  from: string
  to: string[]
  raw: Buffer
}

export type Mails = {
  add(mail: Pick<Mail, 'from' | 'to' | 'raw'>): void
  /** Newest first. */
  list(to?: string): Mail[]
  find(id: string): Mail | undefined
  /** Parsed when somebody looks, and kept with the mail: most are never looked at. */
  parsed(mail: Mail): Promise<Email>
}

const keptMax = 500
const keptBytesMax = 64 * 1024 * 1024

/** Keeps the last mails in memory. */
export function createMails(): Mails {
  const kept: Mail[] = []
  const emails = new WeakMap<Mail, Promise<Email>>()
  let bytes = 0
  return {
    add({ from, to, raw }) {
      kept.push({ id: randomUUID(), receivedAt: new Date().toISOString(), from, to, raw })
      bytes += raw.length
      while (kept.length > keptMax || (bytes > keptBytesMax && kept.length > 1))
        bytes -= kept.shift()?.raw.length ?? 0
    },
    list: (to) =>
      kept
        .filter((mail) => to === undefined || mail.to.some((one) => isSame(one, to)))
        .toReversed(),
    find: (id) => kept.find((mail) => mail.id === id),
    parsed(mail) {
      const known = emails.get(mail) ?? PostalMime.parse(mail.raw)
      emails.set(mail, known)
      return known
    },
  }
}

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()
