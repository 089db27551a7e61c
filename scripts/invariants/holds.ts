import type { Statement } from './statements.ts'

/** What an installation may have set otherwise. */
export type Times = {
  /** A hold may be extended up to this, in seconds since it was placed. */
  holdSecondsMax: number
  /** How long what is due may wait for a sweep: a function that sleeps is woken by the clock every ten minutes. */
  sweepSeconds: number
}

export const usualTimes: Times = { holdSecondsMax: 1800, sweepSeconds: 660 }

/** I7, but for Redis. */
export const holdStatements = ({ holdSecondsMax, sweepSeconds }: Times): Statement[] => [
  {
    title: 'a seat is held by no live hold',
    from: 'seating',
    sql: `select s.id as seat_id, s.hold_id, s.held_until, h.status from seats s
      left join holds h on h.id = s.hold_id
      where s.status = 'HELD' and s.held_until > now()
        and (h.id is null or h.status <> 'ACTIVE' or h.expires_at <> s.held_until or s.id <> all(h.seat_ids))`,
  },
  {
    title: 'a live hold has lost a seat',
    from: 'seating',
    sql: `select h.id as hold_id, h.order_id, h.expires_at, array_agg(x.seat_id) as seat_ids
      from holds h cross join lateral unnest(h.seat_ids) as x (seat_id) left join seats s on s.id = x.seat_id
      where h.status = 'ACTIVE' and h.expires_at > now()
        and (s.status = 'HELD' and s.hold_id = h.id) is not true
      group by h.id`,
  },
  {
    title: 'a hold stands long after its time',
    from: 'seating',
    sql: `select id as hold_id, order_id, expires_at from holds
      where status = 'ACTIVE' and expires_at < now() - make_interval(secs => $1)`,
    values: [sweepSeconds],
    passes: true,
  },
  {
    title: 'a hold is longer than it may be',
    from: 'seating',
    sql: `select id as hold_id, order_id, created_at, expires_at from holds
      where expires_at > created_at + make_interval(secs => $1)`,
    values: [holdSecondsMax + 1],
  },
]
