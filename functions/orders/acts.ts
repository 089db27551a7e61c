import { recordAct } from '../_runtime/audit.ts'
import { isAdmin, userOf } from '../_runtime/on.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import type { Deps } from './deps.ts'
import type { Order } from './order.ts'

type OrderAct = {
  act: 'order.cancel' | 'order.refund'
  order: Order
  after?: { seatIds: string[] }
}

/**
 * Does what an admin wants of an order, written down before it begins: calls to others and several statements are
 * between its beginning and its end, and without its entry it must not begin. One that is refused has a second
 * entry, `….refused`. Buyers leave no log.
 */
export async function audited<Result>(
  { database }: Deps,
  caller: Caller,
  { act, order, after }: OrderAct,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!isAdmin(caller)) return work()
  const { id: actorId } = userOf(caller)
  const subject = order.id
  await recordAct(database, actorId, {
    act,
    subject,
    before: { status: order.status, refundedMinor: order.refundedMinor },
    ...(after ? { after } : {}),
  })
  try {
    return await work()
  } catch (err) {
    if (err instanceof Problem)
      await recordAct(database, actorId, {
        act: `${act}.refused`,
        subject,
        after: { code: err.code },
      })
    throw err
  }
}
