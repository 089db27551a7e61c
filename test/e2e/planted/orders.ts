import { confirmed, other, plant, type Plant } from './plant.ts'

export const orderPlants: Plant[] = [
  plant('orders', 'outbox', 'an order left an end', {
    sql: ({ cancelled }) => [
      `insert into outbox select $2, aggregatetype, aggregateid, 'dev.boxoffice.order.confirmed.v1', payload, now(),
         correlationid, traceparent from outbox where aggregateid = $1 and aggregatetype = 'order' limit 1`,
      cancelled,
      other,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('orders', 'orders', 'an order is in another state than was told', {
    sql: ({ cancelled }) => [`update orders set status = 'FAILED' where id = $1`, cancelled],
    names: ({ cancelled }) => cancelled,
  }),
  plant('orders', 'orders', 'an order is in a state that cannot be', {
    sql: ({ confirmed: id }) => [`update orders set confirmed_at = null where id = $1`, id],
    names: confirmed,
  }),
  plant('orders', 'order_lines', 'lines belong to no order', {
    sql: ({ cancelled }) => [
      `update order_lines set order_id = $2 where order_id = $1`,
      cancelled,
      other,
    ],
    names: () => other,
  }),
  plant('orders', 'orders', 'the total of an order is not that of its lines', {
    sql: ({ confirmed: id }) => [
      `update orders set total_minor = total_minor + 1 where id = $1`,
      id,
    ],
    names: confirmed,
  }),
  plant('orders', 'order_lines', 'a confirmed order was not paid as much as it costs', {
    tables: ['order_lines', 'orders'],
    sql: ({ partial }) => [
      `with dearer as (update order_lines set price_minor = 2 * price_minor where order_id = $1)
       update orders set subtotal_minor = 2 * subtotal_minor, tax_minor = 2 * tax_minor,
         total_minor = 2 * total_minor where id = $1`,
      partial,
    ],
    names: ({ partial }) => partial,
  }),
  plant('orders', 'orders', 'tickets has not heard how an order ended', {
    sql: ({ confirmed: id }) => [`update orders set status = 'FAILED' where id = $1`, id],
    names: confirmed,
  }),
  ...(
    [
      'an order that is not confirmed has live tickets',
      'money is kept for an order that is over',
      'an order and its payment disagree on how it ended',
    ] as const
  ).map((title) =>
    plant('orders', 'orders', title, {
      sql: ({ confirmed: id }) => [`update orders set status = 'EXPIRED' where id = $1`, id],
      names: confirmed,
    }),
  ),
  ...(
    [
      'a charge belongs to no order',
      'a payment belongs to no order',
      'tickets belong to no order',
    ] as const
  ).map((title) =>
    plant('orders', 'orders', title, {
      tables: ['order_lines', 'orders', 'kept_answers'],
      sql: ({ confirmed: id }) => [
        `with gone as (delete from order_lines where order_id = $1),
             unkept as (delete from kept_answers where order_id = $1) delete from orders where id = $1`,
        id,
      ],
      names: confirmed,
    }),
  ),
  plant('orders', 'orders', 'an answer tells of an order that is not there', {
    tables: ['order_lines', 'orders'],
    sql: ({ confirmed: id }) => [
      `with gone as (delete from order_lines where order_id = $1) delete from orders where id = $1`,
      id,
    ],
    names: confirmed,
  }),
  plant('orders', 'orders', 'orders has not heard of its tickets', {
    sql: ({ confirmed: id }) => [`update orders set tickets_issued_at = null where id = $1`, id],
    names: confirmed,
  }),
  plant('orders', 'kept_answers', 'a key has more than one order', {
    sql: ({ confirmed: id, cancelled }) => [
      `update kept_answers k set key = o.key, caller_id = o.caller_id from kept_answers o
       where o.order_id = $1 and k.order_id = $2`,
      id,
      cancelled,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('orders', 'kept_answers', 'an order has no key', {
    sql: ({ confirmed: id }) => [`delete from kept_answers where order_id = $1`, id],
    names: confirmed,
  }),
  plant('orders', 'kept_answers', 'an order came to its end and no answer is kept', {
    sql: ({ confirmed: id }) => [`update kept_answers set status = null where order_id = $1`, id],
    names: confirmed,
  }),
  plant('orders', 'orders', 'an order stands still', {
    sql: ({ cancelled }) => [
      `update orders set status = 'PAID', created_at = now() - interval '2 min' where id = $1`,
      cancelled,
    ],
    names: ({ cancelled }) => cancelled,
  }),
  plant('orders', 'refunds', 'a refund stands still', {
    sql: ({ refunded }) => [`update refunds set status = 'PENDING' where order_id = $1`, refunded],
    names: ({ refunded }) => refunded,
  }),
  plant('orders', 'outbox_unsent', 'a CloudEvent is not sent', {
    sql: ({ confirmed: id }) => [
      `insert into outbox_unsent (id) select id from outbox where aggregateid = $1 limit 1`,
      id,
    ],
    names: confirmed,
  }),
]
