import { createHash } from 'node:crypto'
import type { Entry } from './ledger.ts'

export type ChargeStatus = 'succeeded' | 'declined' | 'requires_action' | 'cancelled'

/** A charge as the API and the webhooks show it. */
export type Charge = {
  id: string
  key: string
  status: ChargeStatus
  amountMinor: number
  currency: string
  method: string
  /** The caller's own name for it. */
  reference: string
  refundedMinor: number
  declineCode?: string
  actionUrl?: string
}

export type Refund = {
  id: string
  key: string
  chargeId: string
  amountMinor: number
  currency: string
  status: 'succeeded'
}

export type Webhook = { id: string; createdAt: string; body: string }

/** What the ledger adds up to. */
export type Book = {
  charge(key: string): Charge | undefined
  chargeById(id: string): Charge | undefined
  refund(key: string): Refund | undefined
  /** True where the key was used for another request. */
  isOther(key: string, bodyHash: string): boolean
  /** True where no money is ever taken under the key. */
  isCancelled(key: string): boolean
  /** Takes an entry in, while it is made as when it is replayed; gives the webhook that is due for it. */
  apply(entry: Entry): Webhook | undefined
}

export function createBook(): Book {
  const charges = new Map<string, Charge>()
  const keysOfCharges = new Map<string, string>()
  const refunds = new Map<string, Refund>()
  const bodies = new Map<string, string>()
  const cancelled = new Set<string>()

  const change = (key: string, changes: Partial<Charge>): Charge => {
    const charge = charges.get(key)
    if (!charge) throw new Error(`the ledger changes a charge that it does not have: ${key}`)
    const { actionUrl: _done, ...rest } = charge
    const changed = { ...(changes.status ? rest : charge), ...changes }
    charges.set(key, changed)
    return changed
  }

  function applied(entry: Entry): Partial<Record<'charge' | 'refund', object>> | undefined {
    switch (entry.type) {
      case 'charge.created':
        charges.set(entry.charge.key, entry.charge)
        keysOfCharges.set(entry.charge.id, entry.charge.key)
        bodies.set(`charge ${entry.charge.key}`, entry.bodyHash)
        return entry.charge.status === 'requires_action' ? undefined : { charge: entry.charge }
      case 'charge.decided': {
        const { key, status, declineCode } = entry
        return { charge: change(key, { status, ...(declineCode ? { declineCode } : {}) }) }
      }
      case 'key.cancelled':
        cancelled.add(entry.key)
        return charges.has(entry.key)
          ? { charge: change(entry.key, { status: 'cancelled' }) }
          : undefined
      case 'refund.created': {
        const { refund, bodyHash } = entry
        refunds.set(refund.key, refund)
        bodies.set(`refund ${refund.key}`, bodyHash)
        const key = keysOfCharges.get(refund.chargeId) ?? ''
        const refundedMinor = (charges.get(key)?.refundedMinor ?? 0) + refund.amountMinor
        change(key, { refundedMinor })
        return { refund }
      }
      case 'webhook.ended':
        return undefined
    }
  }

  return {
    charge: (key) => charges.get(key),
    chargeById: (id) => charges.get(keysOfCharges.get(id) ?? ''),
    refund: (key) => refunds.get(key),
    isOther: (key, bodyHash) => (bodies.get(key) ?? bodyHash) !== bodyHash,
    isCancelled: (key) => cancelled.has(key),
    apply(entry) {
      const data = applied(entry)
      if (!data || entry.isQuiet) return undefined
      const { id, at } = entry
      const type = data.refund ? 'refund.succeeded' : `charge.${(data.charge as Charge).status}`
      const webhookId = `evt_${id}`
      const body = JSON.stringify({ id: webhookId, type, createdAt: at, data })
      return { id: webhookId, createdAt: at, body }
    },
  }
}

/** Tells two requests apart without keeping the token that stands in them. */
export const hashOf = (fields: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(fields)).digest('hex')
