import { Event } from './event.ts'
import { Venue } from './venue.ts'

export const entities = [Venue, Event]
