import { correlationHeader, deadlineHeader } from '../_runtime/context.ts'
import type { Passage } from './passage.ts'

/** Belong to one connection (RFC 9110, 7.6.1), or are set anew here. */
const ownToEachHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
const notForwarded = new Set([
  ...ownToEachHop,
  'host',
  'expect',
  'content-length',
  correlationHeader,
  deadlineHeader,
  'authorization',
  'x-api-key',
  // Said anew, by what we know of the way that the request has come.
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  // A request is what its first line says, and nothing else.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
])
/** Of earlier hops; only proxies that we trust may tell of them. */
const ofProxies = new Set(['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'])
/** What only the inside may say: who somebody is, that this is a CloudEvent, where Knative should route it. */
const insideOnly = /^(?:x-user-|x-boxoffice-|ce-|kn-|knative-|k-)/
/** No other header can begin as one of those: a look at the first letter spares most the expression. */
const mayBeInside = (name: string) => {
  const first = name.charCodeAt(0)
  return first === 0x78 || first === 0x63 || first === 0x6b
}

export type Forwarded = {
  hostHeader: string
  /** Whole milliseconds that are left. */
  deadlineMs: number
}

/** The headers for the function, as a flat list of names and values: Node writes it out as it is. */
export function forwardHeaders(passage: Passage, forwarded: Forwarded): string[] {
  const { rawHeaders, headers, method } = passage.incoming
  const { authorization, body } = passage
  const named = namedByConnection(headers.connection)
  const list = [
    'host',
    forwarded.hostHeader,
    correlationHeader,
    passage.correlationId,
    deadlineHeader,
    String(forwarded.deadlineMs),
    'x-forwarded-for',
    passage.address,
  ]
  if (authorization !== undefined) list.push('authorization', authorization)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (notForwarded.has(name) || (mayBeInside(name) && insideOnly.test(name))) continue
    if (named?.has(name) || (!passage.isFromProxy && ofProxies.has(name))) continue
    list.push(name, rawHeaders[i + 1] as string)
  }
  // Said outright, for every method: a body that nobody announced would be read as the next request.
  if (body !== undefined) list.push('content-length', String(body.length))
  else if (headers['transfer-encoding'] !== undefined) list.push('transfer-encoding', 'chunked')
  else if (headers['content-length'] !== undefined)
    list.push('content-length', headers['content-length'])
  else if (method !== 'GET' && method !== 'HEAD') list.push('content-length', '0')
  return list
}

/** Headers that the client's `Connection` declares to be for this hop only. */
function namedByConnection(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}

/** Where the function does not say otherwise. */
const defaults: Record<string, string> = {
  // Nothing of Object's own counts as one.
  __proto__: null as never,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
}
const notReturned = new Set([
  ...ownToEachHop,
  'server',
  'x-powered-by',
  correlationHeader,
  'x-content-type-options',
  'referrer-policy',
  'strict-transport-security',
  'ratelimit',
  'ratelimit-policy',
])
/** Who may read an answer is decided here, for all functions. */
const ofCors = 'access-control-'

/** The headers of a function's answer, with those that every answer has. */
export function answerHeaders(
  rawHeaders: readonly string[],
  { correlationId, moreHeaders }: Pick<Passage, 'correlationId' | 'moreHeaders'>,
): string[] {
  const list = [
    correlationHeader,
    correlationId,
    'x-content-type-options',
    'nosniff',
    'referrer-policy',
    'no-referrer',
    ...moreHeaders,
  ]
  const given = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (notReturned.has(name) || name.startsWith(ofCors)) continue
    if (name in defaults) given.add(name)
    list.push(name, rawHeaders[i + 1] as string)
  }
  for (const name in defaults) if (!given.has(name)) list.push(name, defaults[name] as string)
  return list
}
