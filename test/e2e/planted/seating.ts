import { confirmed, other, plant, seat, type Plant } from './plant.ts'

export const seatingPlants: Plant[] = [
  plant('seating', 'allocations', 'a seat is allocated more than once', {
    first: 'alter table allocations drop constraint allocations_pkey',
    sql: (scene) => [
      'insert into allocations (seat_id, event_id, order_id) values ($1, $2, $3)',
      seat(scene),
      scene.eventId,
      other,
    ],
    afterwards: 'alter table allocations add primary key (seat_id)',
    names: seat,
  }),
  plant('seating', 'seats', 'a seat is allocated and not SOLD', {
    sql: (scene) => [`update seats set status = 'AVAILABLE' where id = $1`, seat(scene)],
    names: seat,
  }),
  plant('seating', 'events', 'an event has more or fewer seats than were made', {
    sql: ({ eventId }) => [
      `update events set seats_total = seats_total + 1 where id = $1`,
      eventId,
    ],
    names: ({ eventId }) => eventId,
  }),
  plant('seating', 'allocations', 'a seat is SOLD to nobody', {
    sql: (scene) => [`delete from allocations where seat_id = $1`, seat(scene)],
    names: seat,
  }),
  plant('seating', 'allocations', 'something is held or sold that is not there', {
    sql: ({ confirmed: id, eventId }) => [
      `insert into allocations (seat_id, event_id, order_id) values ($1, $2, $3)`,
      other,
      eventId,
      id,
    ],
    names: () => other,
  }),
  plant('seating', 'holds', 'something is held or sold that is not there', {
    sql: ({ cancelled }) => [
      `update holds set event_id = $2 where order_id = $1 returning id`,
      cancelled,
      other,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('seating', 'allocations', 'a confirmed order has other seats than its lines', {
    sql: (scene) => [`delete from allocations where seat_id = $1`, seat(scene)],
    names: confirmed,
  }),
  plant('seating', 'allocations', 'an order that is over still has seats', {
    sql: ({ freeSeat, eventId, cancelled }) => [
      `insert into allocations (seat_id, event_id, order_id) values ($1, $2, $3)`,
      freeSeat,
      eventId,
      cancelled,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('seating', 'allocations', 'seats belong to no order', {
    sql: ({ freeSeat, eventId }) => [
      `insert into allocations (seat_id, event_id, order_id) values ($1, $2, $3)`,
      freeSeat,
      eventId,
      other,
    ],
    names: () => other,
  }),
  plant('seating', 'seats', 'a seat was sold without a token', {
    sql: (scene) => [`update seats set version = 0 where id = $1`, seat(scene)],
    names: seat,
  }),
  plant('seating', 'seats', 'a seat is held by no live hold', {
    sql: ({ freeSeat }) => [
      `update seats set status = 'HELD', hold_id = $2, held_until = now() + interval '1 h' where id = $1`,
      freeSeat,
      other,
    ],
    names: ({ freeSeat }) => freeSeat,
  }),
  ...(
    [
      ['a live hold has lost a seat', other, '0', '10 min'],
      ['a hold stands long after its time', other, '2 h', '-1 h'],
      ['a hold is longer than it may be', other, '0', '2 h'],
    ] as const
  ).map(([title, id, age, rest]) =>
    plant('seating', 'holds', title, {
      sql: ({ eventId, freeSeat }) => [
        `insert into holds (id, event_id, buyer_id, seat_ids, prices_minor, created_at, expires_at)
         values ($1, $2, $1, array[$3::uuid], '{1}', now() - $4::interval, now() + $5::interval)`,
        id,
        eventId,
        freeSeat,
        age,
        rest,
      ],
      names: () => id,
    }),
  ),
  plant('seating', 'holds', 'an order that is over still holds seats', {
    sql: ({ eventId, freeSeat, cancelled }) => [
      `insert into holds (id, event_id, buyer_id, order_id, seat_ids, prices_minor, expires_at)
       values ($1, $2, $1, $3, array[$4::uuid], '{1}', now() + interval '5 min')`,
      other,
      eventId,
      cancelled,
      freeSeat,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('seating', 'events', 'a function has not heard of an event', {
    sql: ({ eventId }) => [`update events set status = 'CANCELLED' where id = $1`, eventId],
    names: ({ eventId }) => eventId,
  }),
]
