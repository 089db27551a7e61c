import * as z from 'zod'
import type { FunctionName } from './functions.ts'
import { Id, Line, Page, paged, Time } from './primitives.ts'
import { route } from './route.ts'

export const AuditEntry = z
  .object({
    id: Id,
    at: Time,
    actorId: Id.meta({ description: 'The admin' }),
    act: z.string().meta({ description: '`<thing>.<verb>`, as `user.ban`' }),
    subject: z.string().meta({ description: 'The id of whom or what it was done to' }),
    before: z.record(z.string(), z.unknown()).nullable(),
    after: z.record(z.string(), z.unknown()).nullable(),
    reason: z.string().nullable(),
    correlationId: z.string(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>

/** Each function keeps the log of what admins do in it. */
const auditOf = (owner: FunctionName) =>
  route({
    method: 'GET',
    path: `/v1/audit/${owner}`,
    owner,
    summary: `What admins did in ${owner}, newest first`,
    access: { roles: ['admin'] },
    data: 'any',
    query: z.strictObject({
      actorId: Id.optional(),
      subject: Line(100).optional(),
      act: Line(60).optional(),
      from: Time.optional(),
      to: Time.optional(),
      ...Page,
    }),
    answers: { 200: paged(AuditEntry) },
  })

export type AuditRoute = ReturnType<typeof auditOf>

export const usersAudit = auditOf('users')
export const catalogAudit = auditOf('catalog')
export const ordersAudit = auditOf('orders')
export const waitingRoomAudit = auditOf('waiting-room')
export const deadLettersAudit = auditOf('dead-letters')
