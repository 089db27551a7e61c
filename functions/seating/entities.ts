import { Event } from './event.ts'
import { Allocation, Buyer, Hold } from './hold.ts'
import { Seat } from './seat.ts'

export const entities = [Event, Seat, Hold, Allocation, Buyer]
