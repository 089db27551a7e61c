import * as z from 'zod'
import { EventStatus } from './catalog.ts'
import { Means, PaymentStatus } from './payments.ts'
import { ById, Id, Money, Page, paged, Time, Version } from './primitives.ts'
import { route } from './route.ts'
import { admission, checkChoice, choiceFields, HeldSeat, oneWayOf } from './seating.ts'

export const orderStatuses = [
  'PENDING',
  'HELD',
  'PAID',
  'CONFIRMED',
  'FAILED',
  'EXPIRED',
  'CANCELLED',
  'REFUNDING',
  'REFUNDED',
] as const
export const OrderStatus = z.enum(orderStatuses)
export type OrderStatus = z.infer<typeof OrderStatus>

export const PlaceOrder = z
  .strictObject({
    eventId: Id,
    ...choiceFields,
    holdId: Id.optional(),
    payment: Means.optional().meta({
      description: 'Without it the order waits in HELD for its payment',
    }),
  })
  .superRefine(checkChoice)
  .meta({ id: 'PlaceOrder', ...oneWayOf('seatIds', 'seats', 'quantity', 'holdId') })
export type PlaceOrder = z.infer<typeof PlaceOrder>

export const OrderLine = HeldSeat.omit({ id: true })
  .extend({ seatId: Id, refunded: z.boolean() })
  .meta({ id: 'OrderLine' })
export type OrderLine = z.infer<typeof OrderLine>

export const Order = z
  .object({
    id: Id,
    status: OrderStatus,
    reason: z.string().nullable().meta({ description: 'Why it failed, in a stable word' }),
    next: z
      .string()
      .meta({ description: 'For people: where order and money stand, and what happens next' }),
    eventId: Id,
    eventTitle: z.string(),
    startsAt: Time.nullable(),
    lines: z.array(OrderLine),
    subtotal: Money,
    tax: Money,
    total: Money,
    refunded: Money,
    payment: z
      .object({
        id: Id.nullable(),
        status: PaymentStatus,
        nextAction: z.object({ url: z.string() }).nullable(),
      })
      .nullable(),
    holdId: Id,
    holdExpiresAt: Time.nullable(),
    createdAt: Time,
    confirmedAt: Time.nullable(),
    ticketsIssued: z.boolean(),
    imported: z.boolean(),
    version: Version,
  })
  .meta({ id: 'Order' })
export type Order = z.infer<typeof Order>

export const placeOrder = route({
  method: 'POST',
  path: '/v1/orders',
  owner: 'orders',
  summary: 'Buy seats: 201 once paid and confirmed; 202 with Location while it is not settled',
  access: 'signed-in',
  data: 'own',
  headers: z.object({
    // Optional for zod, so that its lack has a code of its own.
    'idempotency-key': z.string().optional().meta({ required: true }),
    prefer: z.string().optional(),
    ...admission,
  }),
  body: PlaceOrder,
  answers: { 201: Order, 202: Order },
  problems: [
    'idempotency-key-missing',
    'idempotency-key-reused',
    'request-in-progress',
    'payment-declined',
    'seat-taken',
    'not-enough-seats',
    'buyer-limit',
    'event-not-on-sale',
    'hold-lost',
    'seats-lost',
    'admission-required',
    'admission-invalid',
    'not-found',
  ],
})

export const listOrders = route({
  method: 'GET',
  path: '/v1/orders',
  owner: 'orders',
  summary: "The signed-in user's orders, newest first",
  access: 'signed-in',
  data: 'own',
  query: z.strictObject({ status: OrderStatus.optional(), eventId: Id.optional(), ...Page }),
  answers: { 200: paged(Order) },
})

export const getOrder = route({
  method: 'GET',
  path: '/v1/orders/:id',
  owner: 'orders',
  summary: 'One order, for its buyer and for admins',
  access: 'signed-in',
  data: 'own-or-admin',
  params: ById,
  answers: { 200: Order },
  problems: ['not-found'],
})

export const ordersOfEvent = route({
  method: 'GET',
  path: '/v1/orders/of-event/:id',
  owner: 'orders',
  summary:
    'Whether anybody ordered for an event, whatever became of it, and whether it is cancelled here',
  access: { functions: ['catalog'] },
  data: 'any',
  params: ById,
  answers: { 200: z.object({ hasOrders: z.boolean(), isCancelled: z.boolean() }) },
})

export const orderStream = route({
  method: 'GET',
  path: '/v1/orders/:id/stream',
  owner: 'orders',
  summary: 'The order as a server-sent event `order` at each change',
  access: 'signed-in',
  data: 'own-or-admin',
  params: ById,
  headers: z.object({ 'last-event-id': z.string().optional() }),
  answers: { 200: 'text/event-stream' },
  problems: ['not-found'],
  streams: true,
})

export const cancelOrder = route({
  method: 'POST',
  path: '/v1/orders/:id/cancel',
  owner: 'orders',
  summary: 'Cancel an order that waits for its payment, or give a confirmed one back whole',
  access: 'signed-in',
  data: 'own-or-admin',
  params: ById,
  answers: { 200: Order, 202: Order },
  problems: ['not-found', 'order-fixed'],
})

export const refundOrder = route({
  method: 'POST',
  path: '/v1/orders/:id/refunds',
  owner: 'orders',
  summary: 'Refund a confirmed order, or some of its seats, before the event begins',
  access: 'signed-in',
  data: 'own-or-admin',
  params: ById,
  body: z.strictObject({
    seatIds: z
      .array(Id)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Default: all that are left' }),
  }),
  answers: { 200: Order, 202: Order },
  problems: ['not-found', 'order-fixed'],
})

const Share = z.object({ orders: z.int(), amount: Money })

/** Together the parts are all that was ever paid for confirmed orders of the event. */
export const RefundProgress = z
  .object({
    eventId: Id,
    eventStatus: EventStatus,
    done: z.boolean().meta({ description: 'The event is cancelled and nothing is left to do' }),
    open: z.int().meta({ description: 'Orders that were not confirmed and are still to be ended' }),
    toRefund: Share.meta({ description: 'Confirmed orders of a cancelled event, not begun yet' }),
    refunding: Share.meta({ description: 'Asked back a moment ago' }),
    waiting: Share.meta({ description: 'Asked back more than once; no answer yet' }),
    refunded: Share.meta({
      description: 'Given back whole; the amount with single seats of others',
    }),
  })
  .meta({ id: 'RefundProgress' })
export type RefundProgress = z.infer<typeof RefundProgress>

const sellers = { roles: ['organizer', 'admin'] } as const

export const eventRefunds = route({
  method: 'GET',
  path: '/v1/events/:id/refunds',
  owner: 'orders',
  summary: 'How far the refunds of an event are, for its organizer and for admins',
  access: sellers,
  data: 'organized',
  params: ById,
  answers: { 200: RefundProgress },
  problems: ['not-found'],
})

export const eventRefundsStream = route({
  method: 'GET',
  path: '/v1/events/:id/refunds/stream',
  owner: 'orders',
  summary: 'The same as a server-sent event `refunds`, whenever it has changed',
  access: sellers,
  data: 'organized',
  params: ById,
  headers: z.object({ 'last-event-id': z.string().optional() }),
  answers: { 200: 'text/event-stream' },
  problems: ['not-found'],
  streams: true,
})
