import { withClient } from '../../compose/local/databases.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import type { Ask } from './generator.ts'
import type { Market } from './market.ts'

export const seatsOfEvent = 200

/** Some seats of an event, for one order or hold. */
export type Choice = { eventId: string; seatIds: string[] }

const times = `now() + interval '7 days', now() + interval '8 days'`

/** Puts events on sale where they belong by SQL: making them is not what is measured. Gives their ids. */
export async function openSales(
  { stack }: Market,
  events: number,
  seats = seatsOfEvent,
): Promise<string[]> {
  const eventIds = Array.from({ length: events }, newId)
  await withClient(stack.databaseUrl('seating'), async (client) => {
    await client.query('set statement_timeout = 0')
    await client.query(
      `insert into events (id, status, starts_at, ends_at, currency, layout_version, version, seats_total, is_sold_out)
       select id, 'ON_SALE', ${times}, 'INR', 1, 1, $2, false from unnest($1::uuid[]) as e (id)`,
      [eventIds, seats],
    )
    await client.query(
      `insert into seats (id, event_id, ordinal, label, section, "row", number, price_minor)
       select uuidv7(), e.id, n, 'R' || r || '-' || m, 'Stalls', 'R' || r, m, 50000
       from unnest($1::uuid[]) as e (id), generate_series(1, $2::int) as n,
         lateral (select 1 + (n - 1) / 50 as r, 1 + (n - 1) % 50 as m) as place`,
      [eventIds, seats],
    )
    await client.query('analyze seats')
  })
  await withClient(stack.databaseUrl('orders'), (client) =>
    client.query(
      `insert into events (id, title, status, starts_at, ends_at, currency, version)
       select id, 'A play', 'ON_SALE', ${times}, 'INR', 1 from unnest($1::uuid[]) as e (id)`,
      [eventIds],
    ),
  )
  return eventIds
}

/** The seats of events, so many at a time, in the order of the layout. */
export async function choicesOf(
  { stack }: Market,
  eventIds: readonly string[],
  count = 2,
): Promise<Choice[]> {
  const rows = await withClient(stack.databaseUrl('seating'), async (client) => {
    const result = await client.query<{ event_id: string; ids: string[] }>(
      `select event_id, array_agg(id order by ordinal) as ids from seats
       where event_id = any($1::uuid[]) group by event_id`,
      [eventIds],
    )
    return result.rows
  })
  return rows.flatMap(({ event_id: eventId, ids }) =>
    Array.from({ length: Math.floor(ids.length / count) }, (_, i) => ({
      eventId,
      seatIds: ids.slice(i * count, (i + 1) * count),
    })),
  )
}

export const toOrder = (choice: Choice): Ask => ({
  method: 'POST',
  path: '/v1/orders',
  body: JSON.stringify({ ...choice, payment: { method: 'CARD', token: 'tok_ok' } }),
})

export const toReserve = (choice: Choice): Ask => ({
  method: 'POST',
  path: '/v1/seats/reserve',
  body: JSON.stringify(choice),
})
