import type { Means, paymentMethods } from '../../contracts/payments.ts'
import type { Money } from '../../contracts/primitives.ts'
import { derivedId, newId } from '../_runtime/ids.ts'
import { isPlanted } from '../_runtime/planted.ts'
import { Problem } from '../_runtime/problem.ts'

/** What a provider knows of a charge. Where its key was cancelled before any charge, the nulls are all there is. */
export type Charge = {
  key: string
  /** Cancelled: no money was taken under this key, and none ever will be. */
  outcome: 'succeeded' | 'declined' | 'requires-action' | 'cancelled'
  /** The provider's own name for it. */
  reference: string | null
  /** Ours. */
  paymentId: string | null
  amount: Money | null
  method: (typeof paymentMethods)[number] | null
  /** Why it was declined, in the provider's word. */
  reason: string | null
  actionUrl: string | null
}

/** What a provider tells by webhook. `text` is what it sent, for news of something that nobody here knows. */
export type News = { id: string; type: string; text: string } & (
  | { about: 'charge'; charge: Charge }
  | { about: 'refund'; refundId: string }
  | { about: 'other' }
)

/**
 * Where the money really moves. Everything is idempotent by its key or id, so that asking again is always
 * safe. Each call may throw `ProviderFailed`; none takes longer than its time limit.
 */
export type Provider = {
  name: string
  /** Throws `KeyReused` where the key belongs to another charge. */
  charge(key: string, order: { paymentId: string; amount: Money; means: Means }): Promise<Charge>
  find(key: string): Promise<Charge | undefined>
  /** Makes sure that no money is ever taken under the key; where it already was, says so and changes nothing. */
  cancel(key: string): Promise<Charge>
  /** The money is on its way to the payer; throws `ProviderFailed` while it is not. */
  refund(refundId: string, given: { reference: string; amount: Money }): Promise<void>
  /** Throws the Problem `invalid-request` for what the provider did not sign, or not within 300 s of `now`. */
  verifyWebhook(rawBody: Buffer, headers: Record<string, string>, now: Date): News
  close(): void
}

/** No answer. It is unknown whether the call took effect, unless it never left; it is never a no. */
export class ProviderFailed extends Error {
  override name = 'ProviderFailed'
  readonly effect: 'none' | 'unknown'

  constructor(effect: 'none' | 'unknown', cause: unknown) {
    super('the payment provider did not answer', { cause })
    this.effect = effect
  }
}

/** What a caller is told of it: `busy` where nothing happened, `time-limit` where that is not known. */
export function asProblem(err: unknown): unknown {
  if (!(err instanceof ProviderFailed)) return err
  return err.effect === 'none'
    ? new Problem('busy', 'The payment provider cannot be reached; try again', {}, err)
    : new Problem(
        'time-limit',
        'The payment provider did not say what happened; ask again',
        {},
        err,
      )
}

export class KeyReused extends Error {
  override name = 'KeyReused'
}

/** An order has one payment, and everybody who asks for it at the same time means the same row. */
export const paymentIdOf = (orderId: string): string => derivedId(orderId, 'payment')

/** The provider's key: the order's id, and a number where a payer tries again after he was declined. */
export function keyOf(orderId: string, attempt: number): string {
  // A bug that tests plant: whoever asks again asks for another charge.
  if (isPlanted('random-provider-key')) return `${orderId}.${newId()}`
  return attempt === 1 ? orderId : `${orderId}:${attempt}`
}

const keyForm = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?::([1-9]\d?))?$/

/** Undefined for a charge that is not ours. */
export function orderOf({
  key,
  paymentId,
}: Charge): { orderId: string; attempt: number } | undefined {
  const [, orderId, attempt = '1'] = keyForm.exec(key) ?? []
  if (orderId === undefined || paymentId !== paymentIdOf(orderId)) return undefined
  return { orderId, attempt: Number(attempt) }
}
