import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem } from '../_runtime/problem.ts'
import { admit } from './admission.ts'
import { allow, callerOf } from './callers.ts'
import type { Deps } from './deps.ts'
import { answerOwn, isOwn } from './own-routes.ts'
import { openPassage, refuse, type Passage } from './passage.ts'
import { pathOf } from './paths.ts'
import { relay, tooLarge } from './relay.ts'
import type { PublicRoute } from './routes.ts'

/** The one public door. It knows the routes of `contracts/public-routes.json` and lets nothing else through. */
export const createApp =
  (deps: Deps) =>
  (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const passage = openPassage(deps, incoming, outgoing)
    enter(deps, passage).catch((err: unknown) => refuse(deps, passage, err))
  }

/** Every request goes this way, in this order; each step lets it pass or throws its problem. */
async function enter(deps: Deps, passage: Passage): Promise<void> {
  const { incoming } = passage
  if (deps.crowd.count > deps.requestsMax)
    throw new Problem('busy', 'Too many requests at once; try again')
  const method = incoming.method as string
  const path = pathOf(incoming.url as string)
  const own = isOwn(method, path)
  if (!own) passage.route = findRoute(deps, method, path)

  const caller = await callerOf(deps.tokens, authorizationOf(incoming))
  if (own) return answerOwn(deps, passage, { path, caller })
  const route = passage.route as PublicRoute
  allow(route.access, caller)
  // Here, where caller and route are known and nothing is sent yet, is the place of whatever limits callers.

  if (Number(incoming.headers['content-length'] ?? 0) > route.bodyBytesMax)
    throw tooLarge(route.bodyBytesMax)
  passage.body = await admit(deps, incoming, route, caller)
  if (!passage.isOver) relay(deps, passage, route)
}

function findRoute({ routes }: Deps, method: string, path: string): PublicRoute {
  const route = routes.find(method, path)
  if (route) return route
  const allowed = routes.methodsOf(path)
  if (allowed.length === 0) throw new Problem('not-found', `Nothing answers ${method} ${path}`)
  throw new Problem('method-not-allowed', `${path} takes ${allowed.join(', ')}`, { allow: allowed })
}

/** Given twice, it might be read as the one here and as the other there. */
function authorizationOf({ headers, headersDistinct }: IncomingMessage): string | undefined {
  if (headers.authorization === undefined) return undefined
  if (headersDistinct.authorization?.length !== 1)
    throw new Problem('invalid-request', 'Authorization is given more than once')
  return headers.authorization
}
