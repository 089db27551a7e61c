import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem } from '../_runtime/problem.ts'
import { allowScope } from '../_runtime/scopes.ts'
import { admit } from './admission.ts'
import { hasBody, readWhole, tooLarge, wholeBytesMax } from './bodies.ts'
import { allow } from './callers.ts'
import { credentialsOf } from './credentials.ts'
import type { Deps } from './deps.ts'
import { guardAccount } from './guesses.ts'
import { answerOwn, isOwn } from './own-routes.ts'
import { countAnswer, openPassage, refuse, type Passage } from './passage.ts'
import { pathOf } from './paths.ts'
import { relay } from './relay.ts'
import type { PublicRoute } from './routes.ts'
import { refuseOddities } from './shape.ts'
import { keepStream } from './streams.ts'

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
  refuseOddities(deps, passage)
  const method = incoming.method as string
  const path = pathOf(incoming.url as string)
  if (deps.cors.answerPreflight(passage, deps.routes, path)) return done(deps, passage)
  const own = isOwn(method, path)
  if (!own) passage.route = findRoute(deps, method, path)

  const visitor = await credentialsOf(deps, passage)
  if (own) return answerOwn(deps, passage, { path, visitor })
  const route = passage.route as PublicRoute
  allow(route.access, visitor)
  allowScope(route, visitor)
  if (Number(incoming.headers['content-length'] ?? 0) > route.bodyBytesMax)
    throw tooLarge(route.bodyBytesMax)

  // The body comes in while Redis is asked; who asks first (`Expect`) is told to go on once he may.
  const passed = deps.gate.pass(passage, visitor, route)
  if (incoming.headers.expect !== undefined) {
    await passed
    passage.outgoing.writeContinue()
  }
  await Promise.all([passed, readBody(deps, passage, route)])
  await guardAccount(deps, passage, route)
  await admit(deps, incoming, route, { visitor, body: passage.body })
  if (passage.isOver) return
  if (route.streams) keepStream(deps, passage, visitor)
  deps.warming.see(route)
  relay(deps, passage, route)
}

function findRoute({ routes }: Deps, method: string, path: string): PublicRoute {
  const route = routes.find(method, path)
  if (route) return route
  const allowed = routes.methodsOf(path)
  if (allowed.length === 0) throw new Problem('not-found', `Nothing answers ${method} ${path}`)
  throw new Problem('method-not-allowed', `${path} takes ${allowed.join(', ')}`, { allow: allowed })
}

async function readBody(deps: Deps, passage: Passage, route: PublicRoute): Promise<void> {
  if (route.bodyBytesMax > wholeBytesMax || !hasBody(passage.incoming)) return
  passage.body = await readWhole(passage, route.bodyBytesMax, deps.shelf)
}

function done(deps: Deps, passage: Passage): void {
  countAnswer(deps, passage, passage.outgoing.statusCode)
  passage.isOver = true
}
