import * as z from 'zod'
import { ApiKey } from './api-keys.ts'
import { AuditEntry } from './audit.ts'
import { PersonalData } from './personal-data.ts'
import { Id, Line, Time, Version } from './primitives.ts'
import { roles, route } from './route.ts'

export const Email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .meta({ description: 'Compared without regard to case', format: 'email' })

/** ASVS 6.2: at least 8 characters, at least 64 allowed, no rules of composition, never cut. */
export const Password = z.string().min(8).max(256)

export const Phone = z.string().regex(/^\+?[0-9][0-9 ()-]{4,22}[0-9]$/, 'must be a phone number')

export const User = z
  .object({
    id: Id,
    email: z.string(),
    emailVerified: z.boolean(),
    name: z.string(),
    phone: z.string().nullable(),
    roles: z.array(z.enum(roles)),
    createdAt: Time,
    version: Version,
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

export const Session = z
  .object({
    accessToken: z.string(),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'Seconds that the access token is valid' }),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof Session>

/** The refresh token travels in this cookie only: httpOnly, SameSite=Strict, path /v1/auth. */
export const refreshCookie = 'boxoffice_refresh'

export const register = route({
  method: 'POST',
  path: '/v1/users',
  owner: 'users',
  summary: 'Open an account',
  access: 'anyone',
  data: 'public',
  body: z.strictObject({
    email: Email,
    password: Password,
    name: Line(120),
    phone: Phone.optional(),
  }),
  answers: { 201: User },
  problems: ['email-taken', 'too-many-requests'],
})

export const logIn = route({
  method: 'POST',
  path: '/v1/auth/login',
  owner: 'users',
  summary: 'Exchange e-mail address and password for an access token and the refresh cookie',
  access: 'anyone',
  data: 'secret',
  body: z.strictObject({ email: Email, password: z.string().max(256) }),
  answers: { 200: Session },
  problems: ['wrong-credentials', 'account-banned', 'too-many-requests'],
})

export const refresh = route({
  method: 'POST',
  path: '/v1/auth/refresh',
  owner: 'users',
  summary: 'Exchange the refresh cookie for a new access token and a new cookie',
  access: 'anyone',
  data: 'secret',
  answers: { 200: Session },
  problems: ['session-ended'],
})

export const logOut = route({
  method: 'POST',
  path: '/v1/auth/logout',
  owner: 'users',
  summary: 'End the session of the refresh cookie',
  access: 'anyone',
  data: 'secret',
  answers: { 204: null },
})

export const logOutEverywhere = route({
  method: 'POST',
  path: '/v1/auth/logout-all',
  owner: 'users',
  summary: 'End every session of the signed-in user; their access tokens end within seconds',
  access: 'signed-in',
  data: 'own',
  answers: { 204: null },
})

export const me = route({
  method: 'GET',
  path: '/v1/users/me',
  owner: 'users',
  summary: 'The signed-in user',
  access: 'signed-in',
  data: 'own',
  answers: { 200: User },
  problems: ['not-found'],
})

export const changeMe = route({
  method: 'PATCH',
  path: '/v1/users/me',
  owner: 'users',
  summary: 'Change name or phone number',
  access: 'signed-in',
  data: 'own',
  headers: z.object({ 'if-match': z.string().optional() }),
  body: z
    .strictObject({ name: Line(120).optional(), phone: Phone.nullable().optional() })
    .refine((change) => Object.keys(change).length > 0, 'must change something')
    .meta({ minProperties: 1 }),
  answers: { 200: User },
  problems: ['not-found', 'version-stale'],
})

export const eraseMe = route({
  method: 'DELETE',
  path: '/v1/users/me',
  owner: 'users',
  summary: 'Erase the account: the person goes everywhere, orders stay without him',
  access: 'signed-in',
  data: 'own',
  answers: { 204: null },
  problems: ['not-found', 'last-admin', 'erasure-blocked'],
})

export const exportMe = route({
  method: 'GET',
  path: '/v1/users/me/export',
  owner: 'users',
  summary: 'Everything that is kept about the signed-in user, by all functions',
  access: 'signed-in',
  data: 'own',
  answers: {
    200: z
      .object({
        user: User,
        sessions: z.array(z.object({ createdAt: Time, expiresAt: Time })),
        apiKeys: z.array(ApiKey),
        imported: z.record(z.string(), z.string()).nullable(),
        audit: z
          .array(AuditEntry.omit({ actorId: true, correlationId: true }))
          .meta({ description: 'What admins did to the account, newest first' }),
        functions: z
          .record(z.string(), PersonalData)
          .meta({ description: 'What each other function keeps' }),
      })
      .meta({ id: 'UserExport' }),
  },
  problems: ['not-found'],
})

export const jwks = route({
  method: 'GET',
  path: '/.well-known/jwks.json',
  owner: 'users',
  summary: 'The public keys that access tokens are signed with (RFC 7517)',
  access: 'anyone',
  data: 'public',
  answers: {
    200: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).meta({ id: 'Jwks' }),
  },
})
