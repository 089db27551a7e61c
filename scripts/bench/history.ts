import { inDatabase, withClient } from '../../compose/local/databases.ts'
import type { Market } from './market.ts'
import { seatsOfEvent } from './sales.ts'

const eventsAtOnce = 1000

/** Events of the past whose seats are all sold, by set statements, until there are so many seats of them. */
export async function addHistory(
  { stack }: Market,
  seats: number,
  say: (line: string) => void,
): Promise<void> {
  const events = Math.ceil(seats / seatsOfEvent)
  const times = `now() - interval '9 days', now() - interval '8 days'`
  await withClient(inDatabase(stack.adminUrl, 'orders'), (client) =>
    client.query(
      `insert into orders.events (id, title, status, starts_at, ends_at, currency, version)
       select uuidv7(), 'A play of the past', 'COMPLETED', ${times}, 'INR', 1 from generate_series(1, $1::int)`,
      [events],
    ),
  )
  await withClient(inDatabase(stack.adminUrl, 'seating'), async (client) => {
    // What refers to what is right as it is made; looking it up seven million times is not what is measured.
    await client.query('set session_replication_role = replica')
    for (let made = 0; made < events; made += eventsAtOnce) {
      await client.query(
        `with e as (
           insert into seating.events (id, status, starts_at, ends_at, currency, layout_version, version,
             seats_total, is_sold_out)
           select uuidv7(), 'ON_SALE', ${times}, 'INR', 1, 1, $2, true from generate_series(1, $1::int)
           returning id
         ), sold as (
           insert into seating.seats (id, event_id, ordinal, label, section, "row", number, price_minor, status)
           select uuidv7(), e.id, n, 'A-' || n, 'Stalls', 'A', n, 50000, 'SOLD'
           from e, generate_series(1, $2::int) as n
           returning id, event_id
         )
         insert into seating.allocations (seat_id, event_id, order_id, allocated_at)
         select id, event_id, uuidv7(), now() - interval '10 days' from sold`,
        [Math.min(eventsAtOnce, events - made), seatsOfEvent],
      )
      if (made % 10_000 === 0) say(`${made * seatsOfEvent} of ${seats} seats`)
    }
    for (const table of ['events', 'seats', 'allocations'])
      await client.query(`vacuum (analyze, freeze) seating.${table}`)
  })
  await withClient(stack.adminUrl, (client) => client.query('checkpoint'))
}

/** Takes away the seats of events, so that there are as many as before they were put on sale. */
export async function removeSeats({ stack }: Market, eventIds: readonly string[]): Promise<void> {
  await withClient(stack.databaseUrl('seating'), async (client) => {
    await client.query('set statement_timeout = 0')
    for (const table of ['allocations', 'seats'])
      await client.query(
        `delete from ${table} where ${table === 'seats' ? 'id' : 'seat_id'} in
           (select id from seats where event_id = any($1::uuid[]))`,
        [eventIds],
      )
  })
}
