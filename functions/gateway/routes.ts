import type { FunctionName } from '../../contracts/functions.ts'
import type { Access, Method } from '../../contracts/route.ts'

/** A line of `contracts/public-routes.json`. */
export type PublicRoute = {
  method: Method
  path: string
  owner: FunctionName
  access: Exclude<Access, { functions: unknown }>
  bodyBytesMax: number
  streams?: true
}

export type Routes = {
  /** The route that takes this, or undefined. `HEAD` is taken where `GET` is, except by streams. */
  find(method: string, path: string): PublicRoute | undefined
  /** The methods that the path takes, for a 405; empty where the path is nothing that we know. */
  methodsOf(path: string): string[]
}

/** One segment of a path and all that may follow it. */
type Step = {
  names: Map<string, Step>
  patterns: [RegExp, Step][]
  any: Step | undefined
  routes: Map<string, PublicRoute>
}

/** The table as a tree. A name wins over a pattern and a pattern over any value, whatever their order in it. */
export function createRoutes(table: readonly PublicRoute[]): Routes {
  const root = newStep()
  for (const route of table) {
    let step = root
    for (const segment of segmentsOf(route.path)) step = grow(step, segment)
    step.routes.set(route.method, route)
    if (route.method === 'GET' && !route.streams) step.routes.set('HEAD', route)
  }
  return {
    find: (method, path) =>
      path[0] === '/' ? follow(root, segmentsOf(path), 0, method) : undefined,
    methodsOf(path) {
      const methods = new Set<string>()
      if (path[0] === '/') collect(root, segmentsOf(path), methods)
      return [...methods].toSorted()
    },
  }
}

const newStep = (): Step => ({
  names: new Map(),
  patterns: [],
  any: undefined,
  routes: new Map(),
})

const segmentsOf = (path: string): string[] => path.slice(1).split('/')

function grow(step: Step, segment: string): Step {
  if (segment[0] !== ':') return getOrMake(step.names, segment)
  const pattern = /\{(.+)\}$/.exec(segment)?.[1]
  if (pattern === undefined) return (step.any ??= newStep())
  const source = `^(?:${pattern})$`
  const known = step.patterns.find(([{ source: other }]) => other === source)?.[1]
  const next = known ?? newStep()
  if (!known) step.patterns.push([new RegExp(source), next])
  return next
}

function getOrMake(names: Map<string, Step>, name: string): Step {
  const next = names.get(name) ?? newStep()
  names.set(name, next)
  return next
}

function follow(
  step: Step,
  segments: string[],
  at: number,
  method: string,
): PublicRoute | undefined {
  const segment = segments[at]
  if (segment === undefined) return step.routes.get(method)
  const named = step.names.get(segment)
  let found = named && follow(named, segments, at + 1, method)
  for (const [pattern, next] of step.patterns)
    if (!found && pattern.test(segment)) found = follow(next, segments, at + 1, method)
  if (!found && step.any && segment !== '' && !isKnown(named, segments.slice(at + 1)))
    found = follow(step.any, segments, at + 1, method)
  return found
}

/** A name that takes other methods is no value: `GET /v1/seats/reserve` is 405, and not a seat. */
function isKnown(named: Step | undefined, rest: string[]): boolean {
  const methods = new Set<string>()
  if (named) collect(named, rest, methods)
  return methods.size > 0
}

const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * A value counts as known only where it is an id: otherwise `POST /v1/seats/allocate`, which is inside only,
 * would be told from a path that does not exist by the `GET /v1/seats/:id` beside it.
 */
function collect(step: Step, [segment, ...rest]: string[], methods: Set<string>): void {
  if (segment === undefined) return step.routes.forEach((_, method) => methods.add(method))
  const named = step.names.get(segment)
  if (named) collect(named, rest, methods)
  for (const [pattern, next] of step.patterns)
    if (pattern.test(segment)) collect(next, rest, methods)
  if (step.any && isId.test(segment)) collect(step.any, rest, methods)
}
