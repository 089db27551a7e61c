import { withClient } from '../../compose/local/databases.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import type { Market } from './market.ts'

/** Until the last ticket is issued and known, and nothing waits to be sent. */
export const drained = (market: Market): Promise<void> =>
  untilNone(market, 'orders', {
    open: `select exists (select from orders where status = 'CONFIRMED' and tickets_issued_at is null)
      or exists (select from outbox_unsent) as open`,
    fault: 'tickets were not issued within two minutes',
  })

/** Until, besides, the last mail has gone out: nothing of what was bought is still being worked on. */
export async function mailed(market: Market): Promise<void> {
  await drained(market)
  await untilNone(market, 'notifications', {
    open: `select exists (select from messages where status = 'QUEUED') as open`,
    fault: 'mails were not sent within two minutes',
  })
}

async function untilNone(
  { stack }: Market,
  name: FunctionName,
  { open, fault }: { open: string; fault: string },
): Promise<void> {
  await withClient(stack.databaseUrl(name), async (client) => {
    for (let i = 0; i < 1200; i++) {
      const { rows } = await client.query<{ open: boolean }>(open)
      if (!rows[0]?.open) return
      await new Promise((fulfil) => setTimeout(fulfil, 100))
    }
    throw new Error(fault)
  })
}
