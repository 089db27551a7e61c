import { defineEntity, p } from '@mikro-orm/postgresql'

const ReplaySchema = defineEntity({
  name: 'Replay',
  tableName: 'replays',
  properties: {
    id: p.uuid().primary(),
    deadLetterId: p.uuid(),
    byId: p.uuid(),
    via: p.text(),
    startedAt: p.datetime().defaultRaw('now()'),
    endedAt: p.datetime().nullable(),
    outcome: p.text().nullable(),
    code: p.integer().nullable(),
    detail: p.text().nullable(),
  },
})

/** One attempt to deliver a dead letter again. Without an outcome it is under way, or its process died. */
export class Replay extends ReplaySchema.class {}

ReplaySchema.setClass(Replay)
