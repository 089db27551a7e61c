import * as z from 'zod'
import { keepers } from './personal-data.ts'
import { ById, Id, Line, Page, paged, Time } from './primitives.ts'
import { roles, route } from './route.ts'
import { User } from './users.ts'

export const ManagedUser = User.extend({
  ban: z
    .object({ at: Time, by: Id, reason: z.string() })
    .nullable()
    .meta({ description: 'Null while he may log in' }),
}).meta({ id: 'ManagedUser' })
export type ManagedUser = z.infer<typeof ManagedUser>

const admins = { roles: ['admin'] } as const
const because = z.strictObject({
  reason: Line(200).meta({
    description: 'Stays in the audit log for good: say nothing about a person in it',
  }),
})

export const searchUsers = route({
  method: 'GET',
  path: '/v1/users',
  owner: 'users',
  summary:
    'Users by the beginnings of words in their name, or by e-mail address or id, newest first',
  access: admins,
  data: 'any',
  query: z.strictObject({
    search: Line(254)
      .min(2)
      .optional()
      .meta({ description: 'With an @ the whole address, in any case' }),
    ...Page,
  }),
  answers: { 200: paged(ManagedUser) },
})

export const setRoles = route({
  method: 'PUT',
  path: '/v1/users/:id/roles',
  owner: 'users',
  summary: 'Give a user these roles and no others; who loses one is logged out',
  access: admins,
  data: 'any',
  params: ById,
  headers: z.object({ 'if-match': z.string().optional() }),
  body: z.strictObject({
    roles: z
      .array(z.enum(roles))
      .max(roles.length)
      .refine((all) => new Set(all).size === all.length, 'must name each role once')
      .meta({ uniqueItems: true }),
  }),
  answers: { 200: ManagedUser },
  problems: ['not-found', 'version-stale', 'last-admin'],
})

export const banUser = route({
  method: 'POST',
  path: '/v1/users/:id/ban',
  owner: 'users',
  summary: 'Shut a user out: his sessions and access tokens end within seconds',
  access: admins,
  data: 'any',
  params: ById,
  body: because,
  answers: { 200: ManagedUser },
  problems: ['not-found', 'last-admin'],
})

export const unbanUser = route({
  method: 'POST',
  path: '/v1/users/:id/unban',
  owner: 'users',
  summary: 'Let a banned user log in again',
  access: admins,
  data: 'any',
  params: ById,
  body: because,
  answers: { 200: ManagedUser },
  problems: ['not-found'],
})

const Forgotten = Time.nullable().meta({ description: 'Null while something is left' })

export const erasureProgress = route({
  method: 'GET',
  path: '/v1/users/:id/erasure',
  owner: 'users',
  summary: 'How far the functions have come with forgetting a user who was erased',
  access: admins,
  data: 'any',
  params: ById,
  answers: {
    200: z
      .object({
        userId: Id,
        askedAt: Time,
        forgottenAt: Forgotten,
        functions: z.array(
          z.object({
            function: z.enum(keepers),
            forgottenAt: Forgotten,
            open: z.int().meta({ description: 'What was not over when it was last asked' }),
            attempts: z
              .int()
              .meta({ description: 'How often it was asked since it last answered' }),
          }),
        ),
      })
      .meta({ id: 'Erasure' }),
  },
  problems: ['not-found'],
})
