import type { RefundProgress } from '../../contracts/orders.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Feed } from '../_runtime/sse.ts'
import { isAdmin, userOf } from '../_runtime/on.ts'
import type { Caller } from '../_runtime/tokens.ts'
import type { Deps } from './deps.ts'
import { readProgress, type ProgressRow } from './store/progress.ts'

/**
 * How far the refunds of an event are, for whoever owns it. Throws `not-found`, or `forbidden` for an
 * event of somebody else.
 */
export async function refundProgress(
  { database }: Deps,
  eventId: string,
  caller: Caller,
): Promise<RefundProgress> {
  const row = await readProgress(database, eventId)
  if (!row) throw new Problem('not-found', `There is no event ${eventId}`)
  if (row.organizer_id !== userOf(caller).id && !isAdmin(caller))
    throw new Problem('forbidden', 'Only its organizer or an admin may see this of an event')
  return present(eventId, row)
}

function present(eventId: string, row: ProgressRow): RefundProgress {
  const share = (orders: number, minor: string | number) => ({
    orders,
    amount: { amountMinor: Number(minor), currency: row.currency },
  })
  const isCancelled = row.status === 'CANCELLED'
  const left = row.open + row.confirmed + row.asked + row.unanswered
  return {
    eventId,
    eventStatus: row.status,
    done: isCancelled && left === 0,
    open: row.open,
    toRefund: isCancelled ? share(row.confirmed, row.confirmed_minor) : share(0, 0),
    refunding: share(row.asked, row.asked_minor),
    waiting: share(row.unanswered, row.unanswered_minor),
    refunded: share(row.back, row.back_minor),
  }
}

/** The same at first and at each change, looked up every 2 s: thousands of orders may move in one. */
export function refundFeed(deps: Deps, eventId: string, caller: Caller): Feed {
  let seen = ''
  return {
    subscribe: () => Promise.reject(new Error('nobody tells of each refund')),
    async poll() {
      const data = JSON.stringify(await refundProgress(deps, eventId, caller))
      if (data === seen) return []
      seen = data
      return [{ event: 'refunds', data }]
    },
  }
}
