import type { IncomingMessage } from 'node:http'
import { Problem } from '../_runtime/problem.ts'
import type { Passage } from './passage.ts'
import type { Routes } from './routes.ts'

/** Pages of other origins that may use the API. `*` is none of them: with credentials it would mean anybody. */
export type Cors = {
  /** The headers that an answer to this request has because of its Origin. */
  headersFor(incoming: Pick<IncomingMessage, 'headers'>): string[]
  /** True where it was a browser's question whether it may ask, which is answered here. */
  answerPreflight(passage: Passage, routes: Routes, path: string): boolean
}

const requestHeaders = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'prefer',
  'last-event-id',
  'admission-token',
  'x-correlation-id',
].join(', ')
const answerHeaders = [
  'etag',
  'location',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'idempotency-replayed',
  'x-correlation-id',
].join(', ')
const rememberSeconds = 600

export function createCors(origins: ReadonlySet<string>): Cors {
  function headersFor({ headers: { origin } }: Pick<IncomingMessage, 'headers'>): string[] {
    if (origins.size === 0) return []
    if (origin === undefined || !origins.has(origin)) return ['vary', 'origin']
    return [
      'vary',
      'origin',
      'access-control-allow-origin',
      origin,
      'access-control-allow-credentials',
      'true',
      'access-control-expose-headers',
      answerHeaders,
    ]
  }
  return {
    headersFor,
    answerPreflight({ incoming, outgoing, moreHeaders }, routes, path) {
      const { method, headers } = incoming
      const { origin } = headers
      if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined)
        return false
      if (origin === undefined || !origins.has(origin)) return false
      const allowed = routes.methodsOf(path)
      if (allowed.length === 0) throw new Problem('not-found', `Nothing answers ${path}`)
      outgoing.writeHead(204, [
        ...moreHeaders,
        'vary',
        'access-control-request-method, access-control-request-headers',
        'access-control-allow-methods',
        allowed.join(', '),
        'access-control-allow-headers',
        requestHeaders,
        'access-control-max-age',
        String(rememberSeconds),
      ])
      outgoing.end()
      return true
    },
  }
}

/** Reads `https://shop.example,…`. Throws where one is no origin as browsers write them. */
export function readOrigins(text: string): Set<string> {
  const origins = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  for (const origin of origins)
    if (origin.includes('*') || !URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Error(`${origin} is no origin, such as https://shop.example`)
  return new Set(origins)
}
