import { statement, type Sql } from '../../_runtime/database.ts'

export type HeldSeatRow = {
  id: string
  label: string
  section: string
  row: string | null
  number: number | null
  price_minor: string
}

export type HoldRow = {
  id: string
  event_id: string
  buyer_id: string
  order_id: string | null
  status: string
  is_live: boolean
  expires_at: Date
  rest_ms: number
  currency: string
  seats: HeldSeatRow[]
}

const holdColumns = `
  h.id, h.event_id, h.buyer_id, h.order_id, h.status, h.expires_at, e.currency,
  h.status = 'ACTIVE' and h.expires_at > now() as is_live,
  (extract(epoch from h.expires_at - now()) * 1000)::int as rest_ms,
  array(
    select jsonb_build_object('id', s.id, 'label', s.label, 'section', s.section, 'row', s."row",
      'number', s.number, 'price_minor', x.price_minor)
    from unnest(h.seat_ids, h.prices_minor) with ordinality as x (seat_id, price_minor, place)
      join seats s on s.id = x.seat_id
    order by x.place
  ) as seats`

/** A hold as it stands, with the prices that are locked into it. */
export async function findHold(sql: Sql, id: string): Promise<HoldRow | undefined> {
  const [row] = await sql.query<HoldRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'hold-find',
  `select ${holdColumns} from holds h join events e on e.id = h.event_id where h.id = $1`,
)

/** Gives a buyer's own, unbound, live hold to an order. Repeating it for the same order finds it bound. */
export async function bindHold(
  sql: Sql,
  hold: { id: string; buyerId: string; orderId: string; eventId: string },
): Promise<HoldRow | undefined> {
  const [row] = await sql.query<HoldRow>(bindStatement, [
    hold.id,
    hold.buyerId,
    hold.orderId,
    hold.eventId,
  ])
  return row
}

const bindStatement = statement(
  'hold-bind',
  `with bound as (
     update holds set order_id = $3
     where id = $1 and buyer_id = $2 and event_id = $4 and status = 'ACTIVE' and expires_at > now()
       and (order_id is null or order_id = $3)
     returning *
   )
   select ${holdColumns} from bound h join events e on e.id = h.event_id`,
)

/** Gives a live hold its full time again, once, up to `secondsMax` since it was placed. */
export async function lengthenHold(
  sql: Sql,
  hold: { id: string; buyerId: string; seconds: number; secondsMax: number },
): Promise<boolean> {
  const rows = await sql.query(extendStatement, [
    hold.id,
    hold.buyerId,
    hold.seconds,
    hold.secondsMax,
  ])
  return rows.length === 1
}

const extendStatement = statement(
  'hold-extend',
  `with longer as (
     update holds set is_extended = true,
       expires_at = least(now() + make_interval(secs => $3), created_at + make_interval(secs => $4))
     where id = $1 and buyer_id = $2 and status = 'ACTIVE' and expires_at > now() and not is_extended
     returning id, seat_ids, expires_at
   ), locked as materialized (
     select s.id, h.expires_at from seats s join longer h on s.id = any(h.seat_ids)
     where s.hold_id = h.id and s.status = 'HELD' order by s.id for update of s
   ), kept as (
     update seats s set held_until = l.expires_at from locked l where s.id = l.id
   )
   select id from longer`,
)
