import * as z from 'zod'
import { ById, Id, Line, Time } from './primitives.ts'
import { route } from './route.ts'
import { scopes } from './scopes.ts'

const Scope = z.enum(scopes as [string, ...string[]])

export const ApiKey = z
  .object({
    id: Id,
    name: z.string(),
    scopes: z.array(z.string()),
    createdAt: Time,
    expiresAt: Time.nullable(),
    usedAt: Time.nullable().meta({ description: 'To the minute' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof ApiKey>

export const createApiKey = route({
  method: 'POST',
  path: '/v1/api-keys',
  owner: 'users',
  summary: 'Make a key with which a program acts for the signed-in user, within its scopes',
  access: 'signed-in',
  data: 'own',
  body: z.strictObject({
    name: Line(80),
    scopes: z
      .array(Scope)
      .min(1)
      .max(scopes.length)
      .refine((all) => new Set(all).size === all.length, 'must name each scope once')
      .meta({ uniqueItems: true }),
    expiresAt: Time.optional(),
  }),
  answers: {
    201: ApiKey.extend({
      apiKey: z.string().meta({
        description: 'Shown this once. Sent as Authorization: Bearer, or as X-Api-Key',
      }),
    }),
  },
  problems: ['not-found', 'api-keys-limit'],
})

export const listApiKeys = route({
  method: 'GET',
  path: '/v1/api-keys',
  owner: 'users',
  summary: "The signed-in user's keys, without their secrets",
  access: 'signed-in',
  data: 'own',
  answers: { 200: z.object({ items: z.array(ApiKey) }) },
})

export const deleteApiKey = route({
  method: 'DELETE',
  path: '/v1/api-keys/:id',
  owner: 'users',
  summary: 'Revoke a key: within seconds nothing takes it any more',
  access: 'signed-in',
  data: 'own',
  params: ById,
  answers: { 204: null },
  problems: ['not-found'],
})

export const exchangeApiKey = route({
  method: 'POST',
  path: '/v1/auth/exchange',
  owner: 'users',
  summary: 'An access token for an API key, which the gateway sends on in its place',
  access: { functions: ['gateway'] },
  data: 'any',
  body: z.strictObject({ apiKey: z.string().max(200) }),
  answers: {
    200: z.object({
      accessToken: z.string(),
      expiresIn: z.int().meta({ description: 'Seconds' }),
      keyId: Id,
    }),
  },
  problems: ['api-key-invalid'],
})
