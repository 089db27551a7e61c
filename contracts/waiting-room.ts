import * as z from 'zod'
import { Id, Time, Version } from './primitives.ts'
import { route } from './route.ts'

export const placeStates = ['OPEN', 'OUTSIDE', 'WAITING', 'ADMITTED', 'SHOPPING', 'OVER'] as const

const ByEvent = z.strictObject({ eventId: Id })

/** No event lets in more in a minute. */
export const admissionsPerMinuteMax = 60_000
/** No event has more people admitted at once. */
export const admittedMaxMax = 100_000

export const RoomSettings = z
  .strictObject({
    opensAt: Time.nullable().optional().meta({
      description: "Null: the event's own onSaleAt, also when that changes; left out: as it is",
    }),
    admissionsPerMinute: z
      .int()
      .min(0)
      .max(admissionsPerMinuteMax)
      .default(600)
      .meta({ description: 'Never more than this in any 60 s; 0 lets nobody in' }),
    admittedMax: z
      .int()
      .min(1)
      .max(admittedMaxMax)
      .default(1000)
      .meta({ description: 'People who are admitted at the same time' }),
    admissionMinutes: z.int().min(1).max(60).default(10),
    everybody: z
      .boolean()
      .default(false)
      .meta({ description: 'Nobody has to wait: the event is not hot any more' }),
  })
  .meta({ id: 'WaitingRoomSettings' })
export type RoomSettings = z.infer<typeof RoomSettings>

export const Room = RoomSettings.extend({
  opensAt: Time.nullable(),
  eventId: Id,
  version: Version,
}).meta({
  id: 'WaitingRoom',
})
export type Room = z.infer<typeof Room>

export const Place = z
  .object({
    eventId: Id,
    state: z.enum(placeStates).meta({
      description:
        'OPEN: no admission is needed. OUTSIDE: not joined. ADMITTED: use the token. SHOPPING: the token was used. OVER: join again',
    }),
    opensAt: Time.nullable().meta({ description: 'When people are let in; null: at once' }),
    position: z.int().nullable().meta({
      description: 'From 1; null before the opening, when nobody has one yet, and once admitted',
    }),
    before: z.int().nullable().meta({ description: 'People who come first' }),
    estimatedSeconds: z.int().nullable().meta({
      description: 'At the pace of the last minute; null while nothing was measured',
    }),
    admission: z
      .object({ token: z.string(), endsAt: Time })
      .nullable()
      .meta({ description: 'For the header Admission-Token; only this user can use it' }),
    shoppingEndsAt: Time.nullable(),
    pollAfterSeconds: z.int(),
    counts: z
      .object({
        joined: z.int(),
        waiting: z.int(),
        called: z.int().meta({ description: 'People whose turn has come, since the opening' }),
        admitted: z.int().meta({ description: 'At this moment, with those who are yet to come' }),
        perMinute: z.int().meta({ description: 'Called in the last 60 s' }),
      })
      .nullable()
      .meta({ description: "For the event's organizer and admins; else null" }),
  })
  .meta({ id: 'WaitingRoomPlace' })
export type Place = z.infer<typeof Place>

export const setWaitingRoom = route({
  method: 'PUT',
  path: '/v1/waiting-room/:eventId',
  owner: 'waiting-room',
  summary: 'Make an event hot, change its pace, or let everybody in; in effect within a second',
  access: { roles: ['organizer', 'admin'] },
  data: 'organized',
  params: ByEvent,
  body: RoomSettings,
  answers: { 200: Room },
  problems: ['not-found', 'event-fixed', 'waiting-rooms-full'],
})

export const getPlace = route({
  method: 'GET',
  path: '/v1/waiting-room/:eventId',
  owner: 'waiting-room',
  summary: 'Own position, how long it may take, and the admission token when it is his turn',
  access: 'signed-in',
  data: 'own',
  params: ByEvent,
  answers: { 200: Place },
  problems: ['not-found'],
})

export const joinWaitingRoom = route({
  method: 'POST',
  path: '/v1/waiting-room/:eventId/join',
  owner: 'waiting-room',
  summary: 'Stand in line; joining twice keeps the place',
  access: 'signed-in',
  data: 'own',
  params: ByEvent,
  answers: { 200: Place },
  problems: ['not-found'],
})

export const placeStream = route({
  method: 'GET',
  path: '/v1/waiting-room/:eventId/stream',
  owner: 'waiting-room',
  summary: 'Own place as server-sent events `place`: often near the front, less often far behind',
  access: 'signed-in',
  data: 'own',
  params: ByEvent,
  answers: { 200: 'text/event-stream' },
  problems: ['not-found'],
  streams: true,
})

/** Inside. For a gateway whose Redis has lost the list; asking writes it anew. */
export const listHotEvents = route({
  method: 'GET',
  path: '/v1/hot-events',
  owner: 'waiting-room',
  summary: 'Ids of the events that need an admission',
  access: { functions: ['gateway'] },
  data: 'any',
  answers: { 200: z.object({ version: z.int(), events: z.array(Id) }) },
})
