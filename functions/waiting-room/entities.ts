import { Event } from './event.ts'
import { Join, Room } from './room.ts'

export const entities = [Event, Room, Join]
