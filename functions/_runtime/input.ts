import type { z } from 'zod'
import type { Input, Route } from '../../contracts/route.ts'
import { Problem } from './problem.ts'

/** A request may be wrong in a hundred thousand places; nobody is sent a list of them all. */
const errorsMax = 100
const errorCharactersMax = 200

/** Every part of a request, parsed by its contract. Throws `invalid-request` with all that is wrong with it. */
export function parseInput(
  route: Route,
  given: { [Part in keyof Input<Route>]: unknown },
): Input<Route> {
  const errors: { pointer: string; detail: string }[] = []
  const part = (schema: z.ZodType | undefined, value: unknown, at: string) => {
    if (!schema) return undefined
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues.slice(0, errorsMax - errors.length))
      errors.push({
        pointer: shortened([at, ...issue.path.map(escapePointer)].join('/')),
        detail: shortened(issue.message),
      })
    return undefined
  }
  const params = part(route.params, given.params, '#/params')
  const query = part(route.query, given.query, '#/query')
  const headers = part(route.headers, given.headers, '#/headers')
  const body = part(route.body, given.body, '#')
  if (errors.length > 0)
    throw new Problem(
      'invalid-request',
      'The request does not match its contract; errors says where',
      { errors },
    )
  return { params, query, headers, body }
}

const shortened = (text: string) =>
  text.length > errorCharactersMax ? `${text.slice(0, errorCharactersMax)}…` : text

const escapePointer = (step: PropertyKey) =>
  String(step).replaceAll('~', '~0').replaceAll('/', '~1')

/** The path of a request, with its parameters in it. */
export function pathOf(route: Route, params: unknown): string {
  const texts = textsOf(params)
  return route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(texts[name] ?? ''),
  )
}

/** The values of a path, a query or headers as they are sent: as texts, without what is undefined. */
export function textsOf(values: unknown): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(values ?? {}))
    if (value !== undefined) texts[name] = String(value)
  return texts
}
