import type { EventData } from '../../../contracts/events.ts'
import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'

/** Keeps what catalog says of an event unless something newer is known. */
export async function keepEvent(
  sql: Sql,
  event: EventData<'dev.boxoffice.event.updated.v1'>,
): Promise<void> {
  await sql.query(keepStatement, [
    event.eventId,
    event.title,
    event.status,
    event.startsAt,
    event.endsAt,
    event.onSaleAt,
    event.currency,
    event.version,
    event.organizerId,
  ])
}

const keepStatement = statement(
  'event-keep',
  `insert into events (id, title, status, starts_at, ends_at, on_sale_at, currency, version,
     organizer_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   on conflict (id) do update set title = excluded.title, status = excluded.status,
     starts_at = excluded.starts_at, ends_at = excluded.ends_at, on_sale_at = excluded.on_sale_at,
     version = excluded.version, organizer_id = excluded.organizer_id
   where events.version < excluded.version`,
)

/** Whether an order may still be given back: the event is that far away, or was cancelled. */
export async function isRefundable(
  sql: Sql,
  eventId: string,
  hoursBefore: number,
): Promise<boolean> {
  const rows = await sql.query(refundableStatement, [eventId, hoursBefore])
  return rows.length === 1
}

const refundableStatement = statement(
  'event-refundable',
  `select 1 from events
   where id = $1 and (status = 'CANCELLED' or starts_at > now() + make_interval(hours => $2::int))`,
)

/** Whether there is any order for an event, and whether it is cancelled as far as is known here. */
export async function readEventUse(
  sql: Sql,
  eventId: string,
): Promise<{ hasOrders: boolean; isCancelled: boolean }> {
  const [row] = await sql.query<{ has_orders: boolean; is_cancelled: boolean }>(useStatement, [
    eventId,
  ])
  return { hasOrders: row?.has_orders ?? false, isCancelled: row?.is_cancelled ?? false }
}

// Rare, and asked by admins only: an index of all orders by their event would cost each purchase a write.
const useStatement = statement(
  'event-use',
  `select exists (select from orders where event_id = $1) as has_orders,
     exists (select from events where id = $1 and status = 'CANCELLED') as is_cancelled`,
)

/** Notes that the tickets of orders exist, so that nobody asks for them again. */
export const createNoteTickets = (sql: Sql) =>
  merged(
    async (orderIds: string[]) => {
      await sql.query(ticketsStatement, [orderIds])
      return orderIds
    },
    { everyMs: 20, mayRetry: wasRolledBack },
  )

const ticketsStatement = statement(
  'order-tickets',
  `update orders set tickets_issued_at = now(),
     due_at = case when status = 'CONFIRMED' then null else due_at end
   where id = any($1::uuid[]) and tickets_issued_at is null`,
)

/** The row of the outbox that tells tickets of an order. */
export const confirmedRows = (sql: Sql, orderIds: string[]) =>
  sql.query<{ confirmed_outbox_id: string }>(confirmedRowsStatement, [orderIds])

const confirmedRowsStatement = statement(
  'order-confirmed-rows',
  `update orders set due_at = now() + interval '60 s'
   where id = any($1::uuid[]) and confirmed_outbox_id is not null and tickets_issued_at is null
   returning confirmed_outbox_id`,
)
