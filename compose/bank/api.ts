import { randomUUID } from 'node:crypto'
import { hashOf, type Book, type Charge, type Refund } from './book.ts'
import type { Fact } from './ledger.ts'
import { behaviourOf, lateMs } from './tokens.ts'

/** A request that the bank does not take, with the status that says why. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export type Answer = { status: number; body: object; afterMs?: number }

export type ApiParts = {
  book: Book
  /** Takes a fact down and tells of it `tellAfterMs` later; an answered one the caller knows of already. */
  record: (fact: Fact, how?: { tellAfterMs?: number; isAnswered?: boolean }) => void
  actionUrl: (chargeId: string) => string
}

/** What can be asked of the bank. Everything is decided here at once; the answer waits for the ledger. */
export type Api = ReturnType<typeof createApi>

export function createApi({ book, record, actionUrl }: ApiParts) {
  function charge(key: string, body: Record<string, unknown>): Answer {
    const asked = readCharge(body)
    const bodyHash = hashOf(Object.values(asked))
    if (book.isCancelled(key)) return { status: 409, body: { key, status: 'cancelled' } }
    const known = book.charge(key)
    if (known) return repeated(book.isOther(`charge ${key}`, bodyHash), known)
    const { token, ...fields } = asked
    const { status, declineCode, answerAfterMs } = behaviourOf(token)
    const id = `ch_${randomUUID()}`
    const made: Charge = {
      id,
      key,
      status,
      ...fields,
      refundedMinor: 0,
      ...(declineCode ? { declineCode } : {}),
      ...(status === 'requires_action' ? { actionUrl: actionUrl(id) } : {}),
    }
    const isAnswered = answerAfterMs !== Infinity
    const tellAfterMs = isAnswered ? answerAfterMs + aMoment() : lateMs
    record({ type: 'charge.created', bodyHash, charge: made }, { tellAfterMs, isAnswered })
    return { status: 200, body: made, afterMs: answerAfterMs }
  }

  function find(key: string): Answer {
    const known = book.charge(key)
    if (known) return { status: 200, body: known }
    if (book.isCancelled(key)) return { status: 200, body: { key, status: 'cancelled' } }
    throw new Refused(404, 'nothing is known under this key')
  }

  /** Money that was taken stays; otherwise none is ever taken under the key. */
  function cancel(key: string): Answer {
    const status = book.charge(key)?.status
    if (!book.isCancelled(key) && (status === undefined || status === 'requires_action'))
      record({ type: 'key.cancelled', key }, { isAnswered: true })
    return find(key)
  }

  function decide(id: string, approve: boolean): Answer {
    const waiting = book.chargeById(id)
    if (!waiting) throw new Refused(404, 'there is no such charge')
    if (waiting.status !== 'requires_action') return { status: 409, body: waiting }
    const { key } = waiting
    if (approve) record({ type: 'charge.decided', key, status: 'succeeded' })
    else
      record({
        type: 'charge.decided',
        key,
        status: 'declined',
        declineCode: 'authentication_failed',
      })
    return { status: 200, body: book.charge(key) as Charge }
  }

  function refund(key: string, body: Record<string, unknown>): Answer {
    const { chargeId, amountMinor } = readRefund(body)
    const bodyHash = hashOf([chargeId, amountMinor])
    const known = book.refund(key)
    if (known) return repeated(book.isOther(`refund ${key}`, bodyHash), known)
    const paid = book.chargeById(chargeId)
    if (!paid) throw new Refused(404, 'there is no such charge')
    if (paid.status !== 'succeeded' || paid.refundedMinor + amountMinor > paid.amountMinor)
      throw new Refused(422, 'a refund cannot exceed what was taken and not given back')
    const { currency } = paid
    const id = `re_${randomUUID()}`
    const made: Refund = { id, key, chargeId, amountMinor, currency, status: 'succeeded' }
    record({ type: 'refund.created', bodyHash, refund: made }, { isAnswered: true })
    return { status: 200, body: made }
  }

  return { charge, find, cancel, decide, refund }
}

/** The time between an answer and its webhook. */
export const aMoment = (): number => 50 + Math.random() * 150

function repeated(isOther: boolean, known: object): Answer {
  if (isOther) throw new Refused(422, 'the key was used for another request')
  return { status: 200, body: known }
}

function readCharge(body: Record<string, unknown>) {
  const { amountMinor, currency, method, token, reference } = body
  return {
    amountMinor: readAmount(amountMinor),
    currency: readText(currency, 'currency', /^[A-Z]{3}$/),
    method: readText(method, 'method', /^\w{1,32}$/),
    reference: readText(reference, 'reference', /^[\w:.-]{1,255}$/),
    token: readText(token, 'token', /^[\w-]{1,255}$/),
  }
}

function readRefund(body: Record<string, unknown>) {
  const { chargeId, amountMinor } = body
  return {
    chargeId: readText(chargeId, 'chargeId', /^[\w-]{1,64}$/),
    amountMinor: readAmount(amountMinor),
  }
}

const amountMinorMax = 1_000_000_000_000

function readAmount(value: unknown): number {
  if (Number.isInteger(value) && Number(value) > 0 && Number(value) <= amountMinorMax)
    return Number(value)
  throw new Refused(400, 'amountMinor must be a positive count of minor units')
}

function readText(value: unknown, name: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value
  throw new Refused(400, `${name} must match ${String(form)}`)
}
