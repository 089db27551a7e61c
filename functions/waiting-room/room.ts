import { defineEntity, p } from '@mikro-orm/postgresql'

const RoomSchema = defineEntity({
  name: 'Room',
  tableName: 'rooms',
  properties: {
    eventId: p.uuid().primary(),
    opensAt: p.datetime().nullable(),
    admissionsPerMinute: p.integer(),
    admittedMax: p.integer(),
    admissionMinutes: p.integer(),
    isForEverybody: p.boolean(),
    seed: p.blob(),
    openedAt: p.datetime().nullable(),
    called: p.integer().default(0),
    version: p.integer().default(1),
    changedBy: p.uuid(),
    changedAt: p.datetime().defaultRaw('now()'),
  },
})

/** The settings of one event's waiting room, and how far its queue has come. */
export class Room extends RoomSchema.class {}

RoomSchema.setClass(Room)

const JoinSchema = defineEntity({
  name: 'Join',
  tableName: 'joins',
  properties: {
    eventId: p.uuid().primary(),
    userId: p.uuid().primary(),
    number: p.integer().nullable(),
    admissionId: p.uuid().nullable(),
    admittedUntil: p.datetime().nullable(),
    joinedAt: p.datetime().defaultRaw('now()'),
  },
})

/** That somebody stands in line: number null for who came before the opening, else in the order of coming. */
export class Join extends JoinSchema.class {}

JoinSchema.setClass(Join)
