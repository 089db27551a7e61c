import { defineEntity, p } from '@mikro-orm/postgresql'

const HoldSchema = defineEntity({
  name: 'Hold',
  tableName: 'holds',
  properties: {
    id: p.uuid().primary(),
    eventId: p.uuid(),
    buyerId: p.uuid(),
    orderId: p.uuid().nullable(),
    seatIds: p.array().columnType('uuid[]'),
    pricesMinor: p.array().columnType('bigint[]'),
    status: p.text().default('ACTIVE'),
    isExtended: p.boolean().default(false),
    expiresAt: p.datetime(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})

/** Seats set aside for one buyer at a fixed price until `expiresAt`, which only this database's clock judges. */
export class Hold extends HoldSchema.class {}

HoldSchema.setClass(Hold)

const AllocationSchema = defineEntity({
  name: 'Allocation',
  tableName: 'allocations',
  properties: {
    seatId: p.uuid().primary(),
    eventId: p.uuid(),
    orderId: p.uuid(),
    isImported: p.boolean().default(false),
    allocatedAt: p.datetime().defaultRaw('now()'),
  },
})

/** A sold seat and the order that has it. The primary key is what no fault gets past. */
export class Allocation extends AllocationSchema.class {}

AllocationSchema.setClass(Allocation)
