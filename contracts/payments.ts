import * as z from 'zod'
import { ById, Id, Money, Time } from './primitives.ts'
import { route } from './route.ts'

export const paymentMethods = ['CARD', 'UPI', 'NETBANKING', 'WALLET'] as const
export const PaymentMethod = z.enum(paymentMethods)

export const paymentStatuses = [
  'PENDING',
  'SUCCESS',
  'FAILED',
  'REFUNDED',
  'PARTIALLY_REFUNDED',
] as const
export const PaymentStatus = z.enum(paymentStatuses)
export type PaymentStatus = z.infer<typeof PaymentStatus>

/** What the provider gave the browser in exchange for card or account data, which never come here. */
export const Means = z
  .strictObject({
    method: PaymentMethod,
    token: z.string().regex(/^[\w-]{1,255}$/, 'must be a token of the payment provider'),
  })
  .meta({ id: 'Means' })
export type Means = z.infer<typeof Means>

export const Payment = z
  .object({
    id: Id,
    orderId: Id,
    status: PaymentStatus,
    amount: Money,
    refunded: Money,
    method: PaymentMethod.nullable(),
    reason: z.string().nullable().meta({ description: 'Why it failed, as the provider says it' }),
    nextAction: z
      .object({ url: z.string() })
      .nullable()
      .meta({ description: 'Where the payer must go before the payment can succeed (3-D Secure)' }),
    createdAt: Time,
  })
  .meta({ id: 'Payment' })
export type Payment = z.infer<typeof Payment>

const refundFields = {
  amount: Money,
  /** Names the refund; asking again with the same id pays nothing twice. */
  refundId: Id,
}

/** Inside. The Idempotency-Key is the order's id. No answer is not a no: ask again with the same key. */
export const charge = route({
  method: 'POST',
  path: '/v1/payments/charge',
  owner: 'payments',
  summary: 'Take the money for an order, once however often it is asked',
  access: { functions: ['orders'] },
  data: 'any',
  headers: z.object({ 'idempotency-key': z.string() }),
  body: z.strictObject({ orderId: Id, payerId: Id, amount: Money, means: Means }),
  answers: { 200: Payment },
  problems: ['payment-declined', 'payment-fixed', 'idempotency-key-reused'],
})

/** Inside. Afterwards no money is with us for this order and none can come: 200 says what was done. */
export const voidPayment = route({
  method: 'POST',
  path: '/v1/payments/void',
  owner: 'payments',
  summary: 'Make sure that an order is not charged, and refund it where it already was',
  access: { functions: ['orders'] },
  data: 'any',
  body: z.strictObject({ orderId: Id }),
  answers: { 200: z.object({ payment: Payment.nullable() }) },
})

/** Inside. What the provider knows of an order's charge. */
export const findPayment = route({
  method: 'GET',
  path: '/v1/payments/of/:orderId',
  owner: 'payments',
  summary: "The payment of an order, asked of the provider where we don't know",
  access: { functions: ['orders'] },
  data: 'any',
  params: z.strictObject({ orderId: Id }),
  answers: { 200: Payment },
  problems: ['not-found'],
})

export const refundPayment = route({
  method: 'POST',
  path: '/v1/payments/:id/refunds',
  owner: 'payments',
  summary: 'Give money back, once for each refundId; people refund through the order',
  access: { functions: ['orders'] },
  data: 'any',
  params: ById,
  body: z.strictObject(refundFields),
  answers: { 200: Payment },
  problems: ['not-found', 'payment-fixed'],
})

export const getPayment = route({
  method: 'GET',
  path: '/v1/payments/:id',
  owner: 'payments',
  summary: 'One payment, for its payer and for admins',
  access: 'signed-in',
  data: 'own-or-admin',
  params: ById,
  answers: { 200: Payment },
  problems: ['not-found'],
})

export const Intent = z
  .object({ id: Id, orderId: Id, status: PaymentStatus, amount: Money })
  .meta({ id: 'PaymentIntent' })
export type Intent = z.infer<typeof Intent>

/** Inside. Registers what an order that was placed without `payment` will cost. */
export const prepareIntent = route({
  method: 'PUT',
  path: '/v1/payments/intents/:id',
  owner: 'payments',
  summary: 'Register the intent of an order, named by the order',
  access: { functions: ['orders'] },
  data: 'any',
  params: ById,
  body: z.strictObject({ orderId: Id, payerId: Id, amount: Money }),
  answers: { 200: Intent },
  problems: ['payment-fixed'],
})

export const createIntent = route({
  method: 'POST',
  path: '/v1/payments/intents',
  owner: 'payments',
  summary: 'The intent of an order that waits for its payment',
  access: 'signed-in',
  data: 'own',
  body: z.strictObject({ orderId: Id }),
  answers: { 200: Intent },
  problems: ['not-found'],
})

export const confirmIntent = route({
  method: 'POST',
  path: '/v1/payments/intents/:id/confirm',
  owner: 'payments',
  summary: 'Pay an intent; the order follows by itself',
  access: 'signed-in',
  data: 'own',
  params: ById,
  body: Means,
  answers: { 200: Payment, 202: Payment },
  problems: ['not-found', 'payment-declined', 'payment-fixed'],
})

/** The body is verified as it came, byte for byte: its shape is the provider's. */
export const webhook = route({
  method: 'POST',
  path: '/v1/payments/webhooks/:provider',
  owner: 'payments',
  summary: 'News from a payment provider, signed by it',
  access: 'anyone',
  data: 'secret',
  params: z.strictObject({ provider: z.enum(['sandbox', 'stripe']) }),
  answers: { 200: null },
  problems: ['not-found'],
})
