import { defineEntity, p } from '@mikro-orm/postgresql'

const MessageSchema = defineEntity({
  name: 'Message',
  tableName: 'messages',
  properties: {
    id: p.uuid().primary(),
    recipientId: p.uuid().nullable(),
    kind: p.text(),
    orderId: p.uuid().nullable(),
    orderVersion: p.integer().default(0),
    isOver: p.boolean(),
    subject: p.text(),
    facts: p.json(),
    sealed: p.text().nullable(),
    correlationId: p.text(),
    status: p.text().default('QUEUED'),
    reason: p.text().nullable(),
    attempts: p.integer().default(0),
    dueAt: p.datetime().defaultRaw('now()'),
    createdAt: p.datetime().defaultRaw('now()'),
    sentAt: p.datetime().nullable(),
  },
  uniques: [{ name: 'messages_once', properties: ['orderId', 'kind', 'orderVersion'] }],
})

/** Something that one user is told once. Whatever it needs to say it has with it, but for who he is. */
export class Message extends MessageSchema.class {}

MessageSchema.setClass(Message)

const DeliverySchema = defineEntity({
  name: 'Delivery',
  tableName: 'deliveries',
  properties: {
    messageId: p.uuid().primary(),
    attempt: p.integer().primary(),
    startedAt: p.datetime().defaultRaw('now()'),
    endedAt: p.datetime().nullable(),
    outcome: p.text().nullable(),
    detail: p.text().nullable(),
  },
})

/** One attempt to hand a message over. Without an outcome it is under way, or its process died. */
export class Delivery extends DeliverySchema.class {}

DeliverySchema.setClass(Delivery)
