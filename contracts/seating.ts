import * as z from 'zod'
import { ById, Id, Line, Money, Page, paged, Time } from './primitives.ts'
import { route } from './route.ts'

export const seatStatuses = ['AVAILABLE', 'HELD', 'SOLD', 'BLOCKED'] as const
export const SeatStatus = z.enum(seatStatuses)
export type SeatStatus = z.infer<typeof SeatStatus>

/** No request names more; a setting of the function lowers it (10 by default). */
export const seatsPerHoldMax = 100

/** How a buyer names a seat: section, row and number joined by hyphens, without those it does not have. */
export const Label = z.string().min(1).max(80)

export const Seat = z
  .object({
    id: Id,
    eventId: Id,
    label: z.string(),
    section: z.string(),
    row: z.string().nullable(),
    number: z.int().nullable(),
    price: Money,
    status: SeatStatus,
  })
  .meta({ id: 'Seat' })
export type Seat = z.infer<typeof Seat>

export const HeldSeat = Seat.omit({ status: true, eventId: true }).meta({ id: 'HeldSeat' })
export type HeldSeat = z.infer<typeof HeldSeat>

export const Hold = z
  .object({
    holdId: Id,
    eventId: Id,
    seats: z.array(HeldSeat),
    total: Money.meta({ description: 'The sum of the seats, before tax' }),
    expiresAt: Time.meta({ description: "For display: only seating's database judges a hold" }),
  })
  .meta({ id: 'Hold' })
export type Hold = z.infer<typeof Hold>

/** A reason that a seat cannot be had, as `seat-taken` names it. */
export const TakenSeat = z.object({
  seatId: Id.optional(),
  label: z.string().optional(),
  reason: z.enum(['HELD', 'SOLD', 'BLOCKED', 'UNKNOWN']),
})
export type TakenSeat = z.infer<typeof TakenSeat>

const choice = {
  seatIds: z.array(Id).min(1).max(seatsPerHoldMax).meta({ uniqueItems: true }).optional(),
  seats: z.array(Label).min(1).max(seatsPerHoldMax).meta({ uniqueItems: true }).optional(),
  quantity: z.int().min(1).max(seatsPerHoldMax).optional(),
  section: Line(24).optional(),
}

/** Seats by id, by label, or as many as wanted: the best that are free, side by side where possible. */
export type Choice = {
  seatIds?: string[] | undefined
  seats?: string[] | undefined
  quantity?: number | undefined
  section?: string | undefined
}

export const choiceFields = choice

/** The same for JSON Schema, which does not know what `checkChoice` refuses. */
export const oneWayOf = (...ways: (keyof Choice | 'holdId')[]) => ({
  oneOf: ways.map((way) => ({ required: [way] })),
})

/** Exactly one of the named fields, and `section` only with `quantity`; seats named once each. */
export function checkChoice(
  given: Choice & { holdId?: string | undefined },
  context: z.RefinementCtx,
) {
  const { seatIds, seats, quantity, holdId, section } = given
  const ways = [seatIds, seats, quantity, holdId].filter((way) => way !== undefined).length
  const refuse = (path: string[], message: string) =>
    context.addIssue({ code: 'custom', path, message })
  if (ways !== 1) refuse([], 'must choose seats in exactly one way')
  if (section !== undefined && quantity === undefined)
    refuse(['section'], 'goes only with quantity')
  for (const [name, list] of Object.entries({ seatIds, seats }))
    if (list && new Set(list).size < list.length) refuse([name], 'names a seat twice')
}

export const listSeats = route({
  method: 'GET',
  path: '/v1/seats',
  owner: 'seating',
  summary: 'Seats of an event, in the order of the layout',
  access: 'anyone',
  data: 'public',
  query: z.strictObject({
    eventId: Id,
    section: Line(24).optional(),
    status: SeatStatus.optional(),
    ...Page,
  }),
  answers: { 200: paged(Seat) },
})

export const Summary = z
  .object({
    eventId: Id,
    total: z.int(),
    available: z.int(),
    held: z.int(),
    sold: z.int(),
    blocked: z.int(),
    sections: z.array(
      z.object({
        section: z.string(),
        total: z.int(),
        available: z.int(),
        priceFrom: Money.nullable().meta({ description: 'The cheapest seat that is available' }),
      }),
    ),
  })
  .meta({ id: 'SeatSummary' })
export type Summary = z.infer<typeof Summary>

export const seatSummary = route({
  method: 'GET',
  path: '/v1/seats/summary',
  owner: 'seating',
  summary: 'How many seats of an event are available, held, sold and blocked, by section',
  access: 'anyone',
  data: 'public',
  query: z.strictObject({ eventId: Id }),
  answers: { 200: Summary },
  problems: ['not-found'],
})

/** One letter a seat in `statuses`, in the order of `ids`. */
export const statusLetters = { A: 'AVAILABLE', H: 'HELD', S: 'SOLD', B: 'BLOCKED' } as const

export const SeatMap = z
  .object({
    eventId: Id,
    currency: z.string(),
    sections: z.array(z.string()),
    ids: z.array(Id),
    labels: z.array(z.string()),
    section: z.array(z.int()).meta({ description: 'Index into sections' }),
    rows: z.array(z.string().nullable()),
    numbers: z.array(z.int().nullable()),
    pricesMinor: z.array(z.int()),
    statuses: z
      .string()
      .meta({ description: 'A letter a seat: A(vailable) H(eld) S(old) B(locked)' }),
  })
  .meta({ id: 'SeatMap' })

export const seatMap = route({
  method: 'GET',
  path: '/v1/seats/map',
  owner: 'seating',
  summary: 'All seats of an event as columns, with an ETag',
  access: 'anyone',
  data: 'public',
  query: z.strictObject({ eventId: Id }),
  headers: z.object({ 'if-none-match': z.string().optional() }),
  answers: { 200: SeatMap, 304: null },
  problems: ['not-found'],
})

export const seatStream = route({
  method: 'GET',
  path: '/v1/seats/stream',
  owner: 'seating',
  summary: 'Changes of seats as server-sent events: `seats` with {seatId: status}',
  access: 'anyone',
  data: 'public',
  query: z.strictObject({ eventId: Id }),
  headers: z.object({ 'last-event-id': z.string().optional() }),
  answers: { 200: 'text/event-stream' },
  problems: ['not-found'],
  streams: true,
})

export const getSeat = route({
  method: 'GET',
  path: '/v1/seats/:id',
  owner: 'seating',
  summary: 'One seat',
  access: 'anyone',
  data: 'public',
  params: ById,
  answers: { 200: Seat },
  problems: ['not-found'],
})

export const Reserve = z
  .strictObject({ eventId: Id, ...choice })
  .superRefine(checkChoice)
  .meta({ id: 'Reserve', ...oneWayOf('seatIds', 'seats', 'quantity') })
export type Reserve = z.infer<typeof Reserve>

/** For the gateway, which lets people in to a hot event one after another. */
export const admission = {
  'admission-token': z
    .string()
    .optional()
    .meta({ description: 'From the waiting room, for an event that has one' }),
}

const holdProblems = [
  'seat-taken',
  'not-enough-seats',
  'buyer-limit',
  'event-not-on-sale',
  'not-found',
] as const

export const reserveSeats = route({
  method: 'POST',
  path: '/v1/seats/reserve',
  owner: 'seating',
  summary: 'Hold seats for the signed-in user: all that were chosen, or none',
  access: 'signed-in',
  data: 'own',
  headers: z.object(admission),
  body: Reserve,
  answers: { 201: Hold },
  problems: [...holdProblems, 'admission-required', 'admission-invalid'],
})

const ByHold = z.strictObject({ holdId: Id })

export const releaseSeats = route({
  method: 'POST',
  path: '/v1/seats/release',
  owner: 'seating',
  summary: 'Give up a hold; its seats are free at once',
  access: 'signed-in',
  data: 'own',
  body: ByHold,
  answers: { 204: null },
  problems: ['not-found', 'hold-bound'],
})

export const extendHold = route({
  method: 'POST',
  path: '/v1/seats/extend',
  owner: 'seating',
  summary: 'Give a hold its full time again: once, and at most 30 minutes in all',
  access: 'signed-in',
  data: 'own',
  body: ByHold,
  answers: { 200: Hold },
  problems: ['not-found', 'hold-lost', 'hold-not-extendable'],
})

/** Inside. The order's id names the hold, so that a repeated step meets its own hold. */
export const holdForOrder = route({
  method: 'PUT',
  path: '/v1/holds/:id',
  owner: 'seating',
  summary: "Hold an order's seats, or bind the hold that the buyer already has to the order",
  access: { functions: ['orders'] },
  data: 'any',
  params: ById,
  body: z
    .strictObject({ eventId: Id, orderId: Id, buyerId: Id, ...choice, holdId: Id.optional() })
    .superRefine(checkChoice),
  answers: { 200: Hold },
  problems: [...holdProblems, 'hold-lost'],
})

export const releaseHold = route({
  method: 'DELETE',
  path: '/v1/holds/:id',
  owner: 'seating',
  summary:
    "Give up an order's hold for ever, and take back what was sold of it; repeating it changes nothing",
  access: { functions: ['orders'] },
  data: 'any',
  params: ById,
  query: z.strictObject({ orderId: Id }),
  answers: { 204: null },
})

/** Inside. All seats or none; seats whose hold ran out are taken again while they are free. */
export const allocateSeats = route({
  method: 'POST',
  path: '/v1/seats/allocate',
  owner: 'seating',
  summary: 'Turn a hold into sold seats, once an order is paid',
  access: { functions: ['orders'] },
  data: 'any',
  body: z.strictObject({
    eventId: Id,
    orderId: Id,
    holdId: Id,
    seatIds: z.array(Id).min(1).max(seatsPerHoldMax),
  }),
  answers: { 204: null },
  problems: ['seats-lost', 'event-not-on-sale'],
})
