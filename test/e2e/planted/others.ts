import { confirmed, other, plant, seat, type Plant } from './plant.ts'

export const paymentPlants: Plant[] = [
  plant('payments', 'payments', 'a payment is in a state that cannot be', {
    sql: ({ refunded }) => [`update payments set status = 'SUCCESS' where order_id = $1`, refunded],
    names: ({ refunded }) => refunded,
  }),
  plant('payments', 'payments', 'a payment and the ledger differ', {
    sql: ({ confirmed: id }) => [
      `update payments set amount_minor = amount_minor + 1 where order_id = $1`,
      id,
    ],
    names: confirmed,
  }),
  plant('payments', 'payments', 'a payment and its refunds differ', {
    sql: ({ partial }) => [
      `update payments set refunded_minor = refunded_minor + 1 where order_id = $1`,
      partial,
    ],
    names: ({ partial }) => partial,
  }),
  plant('payments', 'payments', 'a payment took money that the ledger does not know', {
    sql: ({ cancelled }) => [
      `insert into payments (id, order_id, amount_minor, currency, status, provider)
       values ($2, $1, 5, 'INR', 'SUCCESS', 'sandbox') on conflict (order_id) do update
       set amount_minor = 5, currency = 'INR', status = 'SUCCESS', provider = 'sandbox', void_status = null`,
      cancelled,
      other,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('payments', 'payments', 'a payment stands still', {
    sql: ({ cancelled }) => [
      `insert into payments (id, order_id, status, void_status) values ($2, $1, 'PENDING', 'OPEN')
       on conflict (order_id) do update set void_status = 'OPEN'`,
      cancelled,
      other,
    ],
    names: ({ cancelled }) => cancelled,
  }),
]

export const otherPlants: Plant[] = [
  plant('tickets', 'tickets', 'a seat has more than one live ticket', {
    first: 'drop index tickets_live_seat',
    sql: (scene) => [
      `insert into tickets (id, order_id, event_id, seat_id, holder_id, label)
       select $2, order_id, event_id, seat_id, holder_id, label from tickets where seat_id = $1 limit 1`,
      seat(scene),
      other,
    ],
    afterwards: `create unique index tickets_live_seat on tickets (seat_id) where status <> 'CANCELLED'`,
    names: seat,
  }),
  plant('tickets', 'tickets', 'a confirmed order has other tickets than seats', {
    sql: (scene) => [`update tickets set status = 'CANCELLED' where seat_id = $1`, seat(scene)],
    names: confirmed,
  }),
  plant('notifications', 'messages', 'no message tells of the tickets of an order', {
    tables: ['deliveries', 'messages'],
    sql: ({ confirmed: id }) => [
      `with gone as (delete from deliveries where message_id in (select id from messages where order_id = $1))
       delete from messages where order_id = $1`,
      id,
    ],
    names: confirmed,
  }),
  plant('notifications', 'messages', 'something is told of in more than one message', {
    first: 'drop index messages_once',
    sql: ({ confirmed: id }) => [
      `insert into messages (id, kind, order_id, is_over, subject, facts, correlation_id)
       select $2, kind, order_id, is_over, subject, facts, correlation_id from messages where order_id = $1 limit 1`,
      id,
      other,
    ],
    afterwards: 'create unique index messages_once on messages (order_id, kind, order_version)',
    names: confirmed,
  }),
  plant('notifications', 'deliveries', 'a message was sent more than once', {
    sql: ({ confirmed: id }) => [
      `insert into deliveries (message_id, attempt, outcome)
       select m.id, a, 'SENT' from messages m, generate_series(71, 72) a where m.order_id = $1`,
      id,
    ],
    names: () => '"times":2',
  }),
  plant('dead-letters', 'dead_letters', 'a CloudEvent is dead', {
    sql: () => [
      `insert into dead_letters (id, key, source, event_id, type, attributes, data, correlation_id)
       values ($1, 'k', '/functions/orders', 'e', 't', '{}', '', 'c')`,
      other,
    ],
    names: () => other,
  }),
]
