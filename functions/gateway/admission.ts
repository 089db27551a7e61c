import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { windowKey, type AdmissionTokens } from '../_runtime/admission.ts'
import { parseJson } from '../_runtime/body.ts'
import { Problem } from '../_runtime/problem.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import type { Caller } from '../_runtime/tokens.ts'
import type { Hot } from './hot-events.ts'
import type { PublicRoute } from './routes.ts'

export type AdmissionDeps = { hot: Hot; admissionTokens: AdmissionTokens; redis: RedisAttempts }

/** Where seats are taken. Found by the route that was matched, so that no spelling of a path comes past it. */
export const guardedRoutes: ReadonlySet<string> = new Set([
  'POST /v1/seats/reserve',
  'POST /v1/orders',
])

const nothing = Buffer.alloc(0)

const isGuarded = ({ method, path }: PublicRoute) =>
  method === 'POST' && guardedRoutes.has(`${method} ${path}`)

/**
 * Lets through who may shop at a hot event, and everybody where no event is hot: then the body is not even
 * looked at. Else it is parsed as the function parses it, and these very bytes go on: so both see the same event,
 * whatever was written twice or escaped.
 *
 * What races with what: requests that show one token at once. One `SET NX` opens the window of the user whom
 * the token was made for, and all of them find it open; anybody else is refused before.
 *
 * The same order sent again, with its key and to the byte, is let through for a quarter of an hour after its
 * window has closed, so that whoever got no answer can still ask for it.
 *
 * An order by a hold takes no seats: the hold was let in when it was placed, and seating gives it to nobody but
 * the buyer who has it, for the event that it is of.
 */
export async function admit(
  deps: AdmissionDeps,
  incoming: IncomingMessage,
  route: PublicRoute,
  { visitor, body = nothing }: { visitor: Caller; body: Buffer | undefined },
): Promise<void> {
  if (!isGuarded(route) || visitor.kind !== 'user') return
  const current = deps.hot.current()
  const hot = current instanceof Promise ? await current : current
  if (hot.size === 0) return

  const { eventId, holdId } = Object(parseJson(body)) as { eventId?: unknown; holdId?: unknown }
  // Postgres reads an id in any case, so this must too.
  const event = typeof eventId === 'string' ? eventId.toLowerCase() : ''
  if (!hot.has(event)) return
  if (route.path === '/v1/orders' && typeof holdId === 'string') return
  const visit = { eventId: event, userId: visitor.id, order: orderOf(incoming, visitor.id, body) }
  await openWindow(deps, incoming, visit)
}

type Visit = { eventId: string; userId: string; order: string | undefined }

const repeatSeconds = 900

async function openWindow(
  { admissionTokens, redis }: AdmissionDeps,
  { headersDistinct }: IncomingMessage,
  { eventId, userId, order }: Visit,
): Promise<void> {
  const [token, ...others] = headersDistinct['admission-token'] ?? []
  if (others.length > 0)
    throw new Problem('invalid-request', 'Admission-Token is given more than once')
  const admission = token && (await admissionTokens.verify(token, eventId, userId))
  const window = windowKey(eventId, userId)
  const repeated = `waiting:{${eventId}}:order:${order ?? ''}`
  const answer = await redis.attempt(async (client) => {
    if (admission) await client.set(window, admission.id, 'PXAT', admission.endsAt, 'NX')
    const [open, isRepeated] = await client.mget(window, repeated)
    if (open && order) await client.set(repeated, 1, 'EX', repeatSeconds)
    return open || isRepeated ? 'open' : 'closed'
  })
  if (answer === 'open') return
  if (answer === undefined)
    throw new Problem('busy', 'Who is admitted to this event cannot be asked; try again')
  const facts = { eventId, join: `/v1/waiting-room/${eventId}/join` }
  throw token
    ? new Problem('admission-invalid', 'The token is over, or not for you and this event', facts)
    : new Problem('admission-required', 'Join the waiting room, and send its token', facts)
}

function orderOf({ headers }: IncomingMessage, userId: string, body: Buffer): string | undefined {
  const key = headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  const bodyHash = createHash('sha256').update(body).digest('hex')
  return createHash('sha256')
    .update(JSON.stringify([userId, key, bodyHash]))
    .digest('base64url')
}
