import { defineEntity, p } from '@mikro-orm/postgresql'

const PaymentSchema = defineEntity({
  name: 'Payment',
  tableName: 'payments',
  properties: {
    id: p.uuid().primary(),
    orderId: p.uuid().unique(),
    payerId: p.uuid().nullable(),
    amountMinor: p.bigint('number').nullable(),
    currency: p.character().length(3).nullable(),
    method: p.text().nullable(),
    status: p.text(),
    attempt: p.integer().default(1),
    provider: p.text().nullable(),
    providerReference: p.text().nullable(),
    reason: p.text().nullable(),
    nextActionUrl: p.text().nullable(),
    refundedMinor: p.bigint('number').default(0),
    refundDueMinor: p.bigint('number').default(0),
    isAwaited: p.boolean().default(false),
    voidStatus: p.text().nullable(),
    toldId: p.uuid().nullable(),
    checkAt: p.datetime().defaultRaw('now()'),
    pendingSince: p.datetime().defaultRaw('now()'),
    externalId: p.text().nullable().unique(),
    imported: p.json().nullable(),
    isImported: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw('now()'),
    version: p.integer().default(1),
  },
})

/** The money of one order: what came, what goes back, and what is not yet known. */
export class Payment extends PaymentSchema.class {}

PaymentSchema.setClass(Payment)
