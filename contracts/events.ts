import * as z from 'zod'
import { LinkPurpose } from './account-links.ts'
import { EventStatus } from './catalog.ts'
import type { FunctionName } from './functions.ts'
import { OrderStatus } from './orders.ts'
import { Means, Payment } from './payments.ts'
import { AmountMinor, Currency, Id, Money, Time, Version } from './primitives.ts'
import { roles } from './route.ts'
import { choiceFields, Hold, TakenSeat } from './seating.ts'

/**
 * A CloudEvent that functions exchange. What leaves through events carries a `version` in its data where it
 * is a snapshot: consumers keep the highest seen, so the order of delivery does not matter.
 */
export type EventContract = {
  from: FunctionName | 'clock'
  /** The functions that have a Trigger for it; nothing is published that nobody reacts to. */
  to: readonly FunctionName[]
  /** Moves money, seats or rights: refused with 401 without a valid `sig`. */
  signed: boolean
  summary: string
  data: z.ZodType
  /** Further attributes that its Triggers filter by. */
  extensions?: Record<string, string>
}

const UserSnapshot = z.object({
  userId: Id,
  contactSealed: z
    .string()
    .nullable()
    .meta({ description: 'Name and address, sealed with `CONTACT_KEY`; null once he is erased' }),
  roles: z.array(z.enum(roles)),
  version: Version,
})

/** With the person in the clear: nobody sends it any more, but outboxes and dead letters may still hold one. */
const OpenUserSnapshot = z.object({
  userId: Id,
  email: z.string(),
  name: z.string(),
  roles: z.array(z.enum(roles)),
  version: Version,
})

const EventSnapshot = z.object({
  eventId: Id,
  version: Version,
  status: EventStatus,
  title: z.string(),
  type: z.string(),
  venueId: Id,
  venueName: z.string(),
  city: z.string(),
  organizerId: Id.nullable(),
  startsAt: Time,
  endsAt: Time,
  onSaleAt: Time.nullable(),
  currency: Currency,
  layoutVersion: Version,
  // absent in what an older catalog still sends
  seatsPerBuyerMax: z.int().nullable().default(null),
})

const SeatCounts = z.object({
  eventId: Id,
  version: Version,
  total: z.int(),
  unsold: z.int().meta({ description: 'Seats that are neither SOLD nor BLOCKED' }),
})

const OrderSnapshot = z.object({
  orderId: Id,
  version: Version,
  status: OrderStatus,
  reason: z.string().nullable(),
  eventId: Id,
  eventTitle: z.string(),
  buyerId: Id,
  holdId: Id,
  lines: z.array(
    z.object({ seatId: Id, label: z.string(), priceMinor: AmountMinor, refunded: z.boolean() }),
  ),
  total: Money,
  refunded: Money,
})

const IssuedTicket = z.object({
  ticketId: Id,
  seatId: Id,
  label: z.string(),
  code: z.string(),
})

const define = <const Events extends Record<string, EventContract>>(all: Events) => all

export const events = define({
  'dev.boxoffice.user.registered.v1': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'An account was opened; taken, but sent as v2 only',
    data: OpenUserSnapshot,
  },
  'dev.boxoffice.user.updated.v1': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'An account changed; taken, but sent as v2 only',
    data: OpenUserSnapshot,
  },
  'dev.boxoffice.user.registered.v2': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'An account was opened',
    data: UserSnapshot,
  },
  'dev.boxoffice.user.updated.v2': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'An account changed',
    data: UserSnapshot,
  },
  'dev.boxoffice.user.banned.v1': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'An account was banned; its user is told',
    data: z.object({ userId: Id, version: Version }),
  },
  'dev.boxoffice.link.issued.v1': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'A link is to be mailed; its token is not in here, notifications asks for it',
    data: z.object({ linkId: Id, userId: Id, purpose: LinkPurpose }),
  },
  'dev.boxoffice.user.erased.v1': {
    from: 'users',
    to: ['notifications'],
    signed: true,
    summary: 'An account was erased; whoever keeps something of the person forgets it',
    data: z.object({ userId: Id, version: Version }),
  },
  'dev.boxoffice.event.created.v1': {
    from: 'catalog',
    to: ['seating', 'orders', 'tickets', 'waiting-room'],
    signed: true,
    summary: 'An event was published; seating fetches its layout and makes its seats',
    data: EventSnapshot,
  },
  'dev.boxoffice.event.updated.v1': {
    from: 'catalog',
    to: ['seating', 'orders', 'tickets', 'waiting-room'],
    signed: true,
    summary: 'A published event changed',
    data: EventSnapshot,
  },
  'dev.boxoffice.event.cancelled.v1': {
    from: 'catalog',
    to: ['seating', 'orders', 'tickets', 'waiting-room'],
    signed: true,
    summary: 'An event was cancelled: its sale is blocked and its orders are refunded',
    data: EventSnapshot,
  },
  'dev.boxoffice.seats.generated.v1': {
    from: 'seating',
    to: ['catalog'],
    signed: true,
    summary: 'The seats of an event exist',
    data: SeatCounts,
  },
  'dev.boxoffice.seats.soldout.v1': {
    from: 'seating',
    to: ['catalog'],
    signed: true,
    summary: 'Every seat of an event is sold or blocked',
    data: SeatCounts,
  },
  'dev.boxoffice.seats.available.v1': {
    from: 'seating',
    to: ['catalog'],
    signed: true,
    summary: 'An event has seats left: again, or after the first sale of an imported one',
    data: SeatCounts,
  },
  'dev.boxoffice.seats.requested.v1': {
    from: 'orders',
    to: ['seating'],
    signed: true,
    summary: 'An order that is placed over events wants seats',
    data: z.object({
      orderId: Id,
      eventId: Id,
      buyerId: Id,
      choice: z.object({ ...choiceFields, holdId: Id.optional() }),
    }),
  },
  'dev.boxoffice.seats.reserved.v1': {
    from: 'seating',
    to: ['orders'],
    signed: true,
    summary: 'The seats of an order that is placed over events are held',
    data: z.object({ orderId: Id, hold: Hold }),
  },
  'dev.boxoffice.seats.refused.v1': {
    from: 'seating',
    to: ['orders'],
    signed: true,
    summary: 'An order that is placed over events does not get its seats',
    data: z.object({
      orderId: Id,
      code: z.string(),
      detail: z.string(),
      seats: z.array(TakenSeat).optional(),
    }),
  },
  'dev.boxoffice.seats.released.v1': {
    from: 'seating',
    to: ['orders'],
    signed: true,
    summary: "An order's hold ran out before it was paid",
    data: z.object({ orderId: Id, eventId: Id, holdId: Id, reason: z.enum(['expired']) }),
  },
  'dev.boxoffice.payment.requested.v1': {
    from: 'orders',
    to: ['payments'],
    signed: true,
    summary: 'An order that is placed over events wants its charge',
    data: z.object({ orderId: Id, payerId: Id, amount: Money, means: Means }),
  },
  'dev.boxoffice.payment.succeeded.v1': {
    from: 'payments',
    to: ['orders'],
    signed: true,
    extensions: { awaited: 'true' },
    summary: 'The money of an order is here; published where the saga waits for it',
    data: Payment,
  },
  'dev.boxoffice.payment.failed.v1': {
    from: 'payments',
    to: ['orders'],
    signed: true,
    extensions: { awaited: 'true' },
    summary: 'An order is not paid; published where the saga waits for it',
    data: Payment,
  },
  'dev.boxoffice.payment.refunded.v1': {
    from: 'payments',
    to: ['orders'],
    signed: true,
    extensions: { awaited: 'true' },
    summary: 'Money went back; published where the saga waits for it',
    data: Payment,
  },
  'dev.boxoffice.order.confirmed.v1': {
    from: 'orders',
    to: ['tickets'],
    signed: true,
    summary: 'An order is paid and its seats are sold: tickets are due',
    data: OrderSnapshot,
  },
  'dev.boxoffice.order.cancelled.v1': {
    from: 'orders',
    to: ['tickets', 'seating', 'notifications'],
    signed: true,
    summary: 'An order was cancelled or ran out before it was paid',
    data: OrderSnapshot,
  },
  'dev.boxoffice.order.failed.v1': {
    from: 'orders',
    to: ['tickets', 'seating', 'notifications'],
    signed: true,
    summary: 'An order came to nothing; money that had been taken is on its way back',
    data: OrderSnapshot,
  },
  'dev.boxoffice.order.refunded.v1': {
    from: 'orders',
    to: ['tickets', 'seating', 'notifications'],
    signed: true,
    summary: 'Lines of an order were refunded: their tickets end and their seats are free again',
    data: OrderSnapshot,
  },
  'dev.boxoffice.tickets.issued.v1': {
    from: 'tickets',
    to: ['orders', 'notifications'],
    signed: true,
    summary: 'The tickets of an order exist',
    data: z.object({
      orderId: Id,
      eventId: Id,
      holderId: Id,
      eventTitle: z.string(),
      venueName: z.string(),
      city: z.string(),
      startsAt: Time.nullable(),
      tickets: z.array(IssuedTicket),
    }),
  },
  'dev.knative.sources.ping': {
    from: 'clock',
    to: [
      'seating',
      'orders',
      'payments',
      'notifications',
      'users',
      'catalog',
      'tickets',
      'waiting-room',
    ],
    signed: false,
    summary: 'The PingSource `clock` says that time has passed: sweep what is due',
    data: z.unknown(),
  },
})

export type EventType = keyof typeof events
export type EventData<Type extends EventType> = z.output<(typeof events)[Type]['data']>
