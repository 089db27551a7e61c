import { defineEntity, p } from '@mikro-orm/postgresql'

const RefundSchema = defineEntity({
  name: 'Refund',
  tableName: 'refunds',
  properties: {
    id: p.uuid().primary(),
    paymentId: p.uuid(),
    amountMinor: p.bigint('number'),
    status: p.text().default('PENDING'),
    tries: p.integer().default(0),
    dueAt: p.datetime().defaultRaw(`now() + interval '10 s'`),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})

/** Money on its way back. The row stands before the provider is asked, so that no crash can forget it. */
export class Refund extends RefundSchema.class {}

RefundSchema.setClass(Refund)
