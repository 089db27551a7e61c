import type { Count, Statement } from './statements.ts'

/** I1, I2 and the part of I9 that one snapshot shows. */
export const seatStatements: Statement[] = [
  {
    title: 'a seat is allocated more than once',
    from: 'seating',
    sql: `select seat_id, array_agg(order_id) as order_ids from allocations
      group by seat_id having count(*) > 1`,
  },
  {
    title: 'a seat has more than one live ticket',
    from: 'tickets',
    sql: `select seat_id, array_agg(id) as ticket_ids, array_agg(order_id) as order_ids from tickets
      where status <> 'CANCELLED' group by seat_id having count(*) > 1`,
  },
  {
    title: 'a seat is allocated and not SOLD',
    from: 'seating',
    sql: `select a.seat_id, a.order_id, s.status, s.hold_id from allocations a join seats s on s.id = a.seat_id
      where s.status <> 'SOLD' and not a.is_imported`,
  },
  {
    title: 'an event has more or fewer seats than were made',
    from: 'seating',
    sql: `select e.id as event_id, e.seats_total as made, c.seats
      from events e join (select event_id, count(*)::int as seats from seats group by event_id) c
        on c.event_id = e.id
      where e.seats_total <> c.seats`,
  },
  {
    title: 'a seat is SOLD to nobody',
    from: 'seating',
    sql: `select s.id as seat_id, s.event_id, s.label from seats s
      where s.status = 'SOLD' and s.imported is null
        and not exists (select from allocations a where a.seat_id = s.id)`,
  },
  {
    title: 'something is held or sold that is not there',
    from: 'seating',
    sql: `select a.seat_id, a.order_id, null::uuid as hold_id from allocations a
        left join seats s on s.id = a.seat_id where s.id is null
      union all
      select null, h.order_id, h.id from holds h
        left join events e on e.id = h.event_id where e.id is null`,
  },
  {
    title: 'a seat was sold without a token',
    from: 'seating',
    sql: `select a.seat_id, a.order_id from allocations a join seats s on s.id = a.seat_id
      where s.version = 0 and not a.is_imported`,
  },
]

export const seatCounts: Count[] = [
  {
    invariant: 'I1',
    from: 'seating',
    sql: `select count(*) filter (where not is_imported) as rows,
      count(*) filter (where is_imported) as imported from allocations`,
  },
  {
    invariant: 'I2',
    from: 'seating',
    sql: `select count(*) filter (where imported is null) as rows,
      count(*) filter (where imported is not null) as imported from seats`,
  },
]
