import { createSeal } from './seal.ts'

/** How a person is reached. */
export type Contact = { name: string; email: string }

/**
 * A contact on its way: outbox, Broker, dead letters and whoever reads them see it sealed. Only users, which
 * tells it, and those who write to people have the key, `CONTACT_KEY`.
 */
export type ContactSeal = {
  seal(userId: string, contact: Contact): string
  /** Throws where it was sealed with another key or for another user. */
  open(userId: string, sealed: string): Contact
}

export function createContactSeal(key: string): ContactSeal {
  const seal = createSeal(key)
  const contextOf = (userId: string) => `told contact ${userId}`
  return {
    seal: (userId, { name, email }) =>
      seal.seal(JSON.stringify({ name, email }), contextOf(userId)),
    open: (userId, sealed) => JSON.parse(seal.open(sealed, contextOf(userId))) as Contact,
  }
}
