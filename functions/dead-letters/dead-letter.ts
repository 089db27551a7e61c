import { defineEntity, p } from '@mikro-orm/postgresql'

const DeadLetterSchema = defineEntity({
  name: 'DeadLetter',
  tableName: 'dead_letters',
  properties: {
    id: p.uuid().primary(),
    key: p.blob().unique(),
    source: p.text(),
    eventId: p.text(),
    type: p.text(),
    subject: p.text().nullable(),
    destination: p.text().nullable(),
    functionName: p.text().nullable(),
    attributes: p.json<Record<string, string>>().columnType('json'),
    contentType: p.text().nullable(),
    data: p.blob(),
    code: p.integer().nullable(),
    answer: p.blob().nullable(),
    arrived: p.text().nullable(),
    correlationId: p.text(),
    state: p.text().default('DEAD'),
    times: p.integer().default(1),
    firstReceivedAt: p.datetime().defaultRaw('now()'),
    lastReceivedAt: p.datetime().defaultRaw('now()'),
    diedAt: p.datetime().defaultRaw('now()'),
    replayId: p.uuid().nullable(),
    replayingUntil: p.datetime().nullable(),
    triedAt: p.datetime().nullable(),
    settledAt: p.datetime().nullable(),
    settledBy: p.uuid().nullable(),
    reason: p.text().nullable(),
  },
})

/** A CloudEvent that one destination did not take, whole, and what became of it. */
export class DeadLetter extends DeadLetterSchema.class {}

DeadLetterSchema.setClass(DeadLetter)
