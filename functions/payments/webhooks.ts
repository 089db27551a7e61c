import type { OutboxRow } from '../_runtime/broker.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import type { Deps } from './deps.ts'
import { orderOf, type News } from './provider.ts'
import { noteRefund } from './refunds.ts'
import { settle } from './settle.ts'
import { isFirstEvent } from './store/provider-events.ts'
import { findRefund } from './store/refunds.ts'

/**
 * Takes what the provider tells, in any order and any number of times: each piece of news has its effect
 * once for ever, and none that something later has overtaken. What is about nothing that is known here is
 * kept for a person to look at.
 */
export async function takeNews(deps: Deps, news: News): Promise<void> {
  const { id, type } = news
  failpoint('payments.before-news')
  const order = news.about === 'charge' ? orderOf(news.charge) : undefined
  if (news.about === 'charge' && order)
    return void (await settle(deps, news.charge, { ...order, event: { id, type } }))
  const provider = deps.provider.name
  const rows = await deps.database.transaction(async (tx): Promise<OutboxRow[]> => {
    const refund = news.about === 'refund' && (await findRefund(tx, news.refundId))
    const parked = refund ? null : news.text
    if (!(await isFirstEvent(tx, { provider, id, type, parked }))) return []
    if (refund) return noteRefund(tx, refund.id, true)
    deps.log.warn({ type, id }, 'a webhook is about nothing that is known here')
    return []
  })
  deps.outbox.send(rows)
}
