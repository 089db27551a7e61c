import { withClient } from '../../compose/local/databases.ts'
import type { Market } from './market.ts'

/** Until the last ticket is issued and known, and nothing waits to be sent. */
export async function drained({ stack }: Market): Promise<void> {
  await withClient(stack.databaseUrl('orders'), async (client) => {
    for (let i = 0; i < 1200; i++) {
      const { rows } = await client.query<{ open: boolean }>(
        `select exists (select from orders where status = 'CONFIRMED' and tickets_issued_at is null)
           or exists (select from outbox_unsent) as open`,
      )
      if (!rows[0]?.open) return
      await new Promise((fulfil) => setTimeout(fulfil, 100))
    }
    throw new Error('tickets were not issued within two minutes')
  })
}
