import { defineEntity, p } from '@mikro-orm/postgresql'

const IntentSchema = defineEntity({
  name: 'Intent',
  tableName: 'intents',
  properties: {
    id: p.uuid().primary(),
    orderId: p.uuid().unique(),
    payerId: p.uuid(),
    amountMinor: p.bigint('number'),
    currency: p.character().length(3),
    attempts: p.integer().default(1),
    isClosed: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})

/** What an order will cost that was placed without a payment; its payer may try more than once. */
export class Intent extends IntentSchema.class {}

IntentSchema.setClass(Intent)
