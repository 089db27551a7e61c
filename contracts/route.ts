import type { z } from 'zod'
import type { FunctionName } from './functions.ts'
import type { ProblemCode } from './problems.ts'

export const roles = ['customer', 'organizer', 'box-office', 'steward', 'admin'] as const
export type Role = (typeof roles)[number]

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may call a route. A route without one does not type-check, and a function refuses what its contract
 * does not allow: `anyone`; any user who is `signed-in`; users with one of the `roles`; only the named
 * `functions`, by service token, which the gateway never lets through.
 */
export type Access =
  | 'anyone'
  | 'signed-in'
  | { roles: readonly Role[] }
  | { functions: readonly FunctionName[] }

/**
 * Whose things a route may touch, for a caller whom `access` lets in. A route without one does not type-check;
 * `docs/authorization.md` shows all of them, and a test asks each as everybody about everybody's.
 */
export const reaches = {
  public: 'what everybody may see, or what is made anew',
  published: 'what is published; drafts only for their organizer and for admins',
  secret: 'of whoever has the secret in the request: password, cookie, link, signature',
  own: "the caller's own, and nobody else's, also not for admins",
  'own-or-admin': "the caller's own; for admins everybody's",
  organized: 'what the caller organizes; for admins all',
  any: "everybody's",
} as const
export type Reach = keyof typeof reaches

export type Route = {
  method: Method
  /** As Hono takes it: `/v1/orders/:id`. */
  path: `/${string}`
  owner: FunctionName
  summary: string
  access: Access
  data: Reach
  params?: z.ZodType
  query?: z.ZodType
  /** Lower-case names; headers that are not named here pass unseen. */
  headers?: z.ZodType
  body?: z.ZodType
  /** Default 64 KiB. More is refused with 413. */
  bodyBytesMax?: number
  /** By status; null where there is no body, a media type where the body is no JSON. */
  answers: Record<number, z.ZodType | string | null>
  /** What can be refused besides what any route can (`commonProblems`). */
  problems?: readonly ProblemCode[]
  /** Answers as a stream of server-sent events, which has no time limit of its own. */
  streams?: true
}

/** Names a route once, for the function that answers it, for those that call it and for OpenAPI. */
export const route = <const R extends Route>(spec: R): R => spec

type Output<S> = S extends z.ZodType ? z.output<S> : undefined

/** What a handler gets once the request has passed its contract. */
export type Input<R extends Route> = {
  params: Output<R['params']>
  query: Output<R['query']>
  headers: Output<R['headers']>
  body: Output<R['body']>
}

/** The body that goes with a status. */
export type Answer<R extends Route, Status extends keyof R['answers']> = Output<
  R['answers'][Status]
>

export const defaultBodyBytesMax = 64 * 1024
