import { defineEntity, p } from '@mikro-orm/postgresql'

const OrderSchema = defineEntity({
  name: 'OrderEntity',
  tableName: 'orders',
  properties: {
    id: p.uuid().primary(),
    buyerId: p.uuid(),
    eventId: p.uuid(),
    eventTitle: p.text(),
    startsAt: p.datetime().nullable(),
    status: p.text(),
    closing: p.text().nullable(),
    reason: p.text().nullable(),
    holdId: p.uuid(),
    holdExpiresAt: p.datetime().nullable(),
    currency: p.character().length(3),
    subtotalMinor: p.bigint('number'),
    taxMinor: p.bigint('number'),
    totalMinor: p.bigint('number'),
    refundedMinor: p.bigint('number').default(0),
    means: p.json().nullable(),
    choice: p.json().nullable(),
    paymentId: p.uuid().nullable(),
    paymentStatus: p.text().nullable(),
    nextActionUrl: p.text().nullable(),
    dueAt: p.datetime().nullable(),
    confirmedOutboxId: p.uuid().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    confirmedAt: p.datetime().nullable(),
    ticketsIssuedAt: p.datetime().nullable(),
    version: p.integer().default(1),
    isAsync: p.boolean().default(false),
    isImported: p.boolean().default(false),
    externalId: p.text().nullable().unique(),
    imported: p
      .json<{ row: Record<string, string>; flags: string[]; version: number }>()
      .nullable(),
  },
})

/** An order and where its saga stands. The hot path writes it by statements; see `store/`. */
export class OrderEntity extends OrderSchema.class {}

OrderSchema.setClass(OrderEntity)

const LineSchema = defineEntity({
  name: 'OrderLineEntity',
  tableName: 'order_lines',
  properties: {
    order: () => p.manyToOne(OrderEntity).primary().joinColumn('order_id'),
    place: p.integer().primary(),
    seatId: p.uuid(),
    label: p.text(),
    section: p.text(),
    row: p.text().nullable(),
    number: p.integer().nullable(),
    priceMinor: p.bigint('number'),
    isRefunded: p.boolean().default(false),
  },
})

/** One seat of an order, at the price that its hold locked in. */
export class OrderLineEntity extends LineSchema.class {}

LineSchema.setClass(OrderLineEntity)

const KeptAnswerSchema = defineEntity({
  name: 'KeptAnswer',
  tableName: 'kept_answers',
  properties: {
    orderId: p.uuid().primary(),
    callerId: p.uuid(),
    key: p.text(),
    requestHash: p.text(),
    status: p.integer().nullable(),
    headers: p.text().nullable(),
    body: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})

/** A key, its request, and the answer that a repeated request gets. */
export class KeptAnswer extends KeptAnswerSchema.class {}

KeptAnswerSchema.setClass(KeptAnswer)

const RefundSchema = defineEntity({
  name: 'RefundEntity',
  tableName: 'refunds',
  properties: {
    id: p.uuid().primary(),
    order: () => p.manyToOne(OrderEntity).joinColumn('order_id'),
    places: p.array().columnType('int[]'),
    amountMinor: p.bigint('number'),
    status: p.text().default('PENDING'),
    dueAt: p.datetime().defaultRaw('now()'),
    attempts: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})

/** Money on its way back for some lines of an order. */
export class RefundEntity extends RefundSchema.class {}

RefundSchema.setClass(RefundEntity)
