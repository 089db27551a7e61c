import type { Deps } from './deps.ts'
import { keyOf } from './provider.ts'
import { settle } from './settle.ts'
import { claimUnsettled, type Unsettled } from './store/payments.ts'
import { voidPayment } from './voids.ts'

const claimedMax = 20

/**
 * Goes on with payments whose end nobody here knows, and with voids that did not come to theirs. Gives how
 * many it looked at; each is left alone for a while then, whatever came of it.
 */
export async function settleUnsettled(deps: Deps): Promise<number> {
  const claimed = await claimUnsettled(deps.database, claimedMax)
  await Promise.all(
    claimed.map((one) =>
      goOn(deps, one).catch((err: unknown) =>
        deps.log.warn(
          { err, orderId: one.order_id },
          'a payment is not settled; it is tried again',
        ),
      ),
    ),
  )
  return claimed.length
}

async function goOn(deps: Deps, one: Unsettled): Promise<void> {
  const { order_id: orderId, attempt, is_voided, is_overdue } = one
  if (is_voided) return void (await voidPayment(deps, orderId))
  const key = keyOf(orderId, attempt)
  const known = await deps.provider.find(key)
  if (known) await settle(deps, known, { orderId, attempt })
  // The charge never arrived. It could still do so and take money that nobody expects: not after this.
  else if (is_overdue)
    await settle(deps, await deps.provider.cancel(key), { orderId, attempt, reason: 'no-answer' })
}
