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

const BuyerSchema = defineEntity({
  name: 'Buyer',
  tableName: 'buyers',
  properties: {
    eventId: p.uuid().primary(),
    buyerId: p.uuid().primary(),
    holdIds: p.array().columnType('uuid[]'),
  },
})

/** A buyer at an event: the hold of each seat that he took, as many times as it has seats. See `store/buyers.ts`. */
export class Buyer extends BuyerSchema.class {}

BuyerSchema.setClass(Buyer)

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
