import * as z from 'zod'
import { linkPurposes } from './account-links.ts'
import { Id, Page, paged, Time } from './primitives.ts'
import { route } from './route.ts'

export const messageStatuses = ['QUEUED', 'SENT', 'FAILED'] as const

/** About the account and not about an order: the purposes of links, and that it was banned. */
export const accountMessages = [...linkPurposes, 'account-banned'] as const

export const Message = z
  .object({
    id: Id,
    kind: z.enum([
      'tickets',
      'order-cancelled',
      'order-failed',
      'order-refunded',
      'event-cancelled',
      ...accountMessages,
    ]),
    subject: z.string(),
    orderId: Id.nullable(),
    status: z.enum(messageStatuses),
    createdAt: Time,
    sentAt: Time.nullable(),
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof Message>

export const listMessages = route({
  method: 'GET',
  path: '/v1/notifications',
  owner: 'notifications',
  summary: 'The messages that were sent to the signed-in user, newest first',
  access: 'signed-in',
  data: 'own',
  query: z.strictObject({ orderId: Id.optional(), ...Page }),
  answers: { 200: paged(Message) },
})
