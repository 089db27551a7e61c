import type { Bank } from './bank.ts'
import type { Broker } from './broker.ts'
import type { Engine } from './database/tables.ts'
import type { SimulatedFunction } from './functions.ts'
import type { Network } from './network.ts'
import type { Purchase } from './purchases.ts'
import type { Keys } from './redis.ts'
import type { World } from './world.ts'

/** Everything there is in one world, for those who act in it and for those who judge it. */
export type Market = {
  world: World
  engines: Record<SimulatedFunction, Engine>
  keys: Keys
  broker: Broker
  bank: Bank
  network: Network
  eventId: string
  seatIds: string[]
  /** Seats that somebody has asked for. */
  wanted: Set<string>
  purchases: Purchase[]
  /** How many buyers are not done yet. */
  shopping: number
  openedAt: number
}

export const priceMinor = 10_000
