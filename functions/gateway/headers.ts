import type { IncomingMessage } from 'node:http'
import { correlationHeader, deadlineHeader } from '../_runtime/context.ts'

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
])
/** What only the inside may say: who somebody is, that this is a CloudEvent, where Knative should route it. */
const insideOnly = /^(?:x-user-|x-boxoffice-|ce-|kn-|knative-|k-)/
/** No other header can begin as one of those: a look at the first letter spares most the expression. */
const mayBeInside = (name: string) => {
  const first = name.charCodeAt(0)
  return first === 0x78 || first === 0x63 || first === 0x6b
}

export type Forwarded = {
  hostHeader: string
  correlationId: string
  /** Whole milliseconds that are left. */
  deadlineMs: number
}

/** The headers for the function, as a flat list of names and values: Node writes it out as it is. */
export function forwardHeaders(incoming: IncomingMessage, forwarded: Forwarded): string[] {
  const { rawHeaders, headers, method } = incoming
  const named = namedByConnection(headers.connection)
  const list = [
    'host',
    forwarded.hostHeader,
    correlationHeader,
    forwarded.correlationId,
    deadlineHeader,
    String(forwarded.deadlineMs),
  ]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (notForwarded.has(name) || (mayBeInside(name) && insideOnly.test(name))) continue
    if (named?.has(name)) continue
    list.push(name, rawHeaders[i + 1] as string)
  }
  // Said outright, for every method: a body that nobody announced would be read as the next request.
  if (headers['transfer-encoding'] !== undefined) list.push('transfer-encoding', 'chunked')
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

const contentPolicy = 'content-security-policy'
const cacheControl = 'cache-control'
const notReturned = new Set([
  ...ownToEachHop,
  'server',
  'x-powered-by',
  correlationHeader,
  'x-content-type-options',
  'referrer-policy',
])

/** The headers of a function's answer, with those that every answer has. */
export function answerHeaders(rawHeaders: readonly string[], correlationId: string): string[] {
  const list = [
    correlationHeader,
    correlationId,
    'x-content-type-options',
    'nosniff',
    'referrer-policy',
    'no-referrer',
  ]
  let hasPolicy = false
  let hasCacheControl = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (notReturned.has(name)) continue
    hasPolicy ||= name === contentPolicy
    hasCacheControl ||= name === cacheControl
    list.push(name, rawHeaders[i + 1] as string)
  }
  if (!hasPolicy) list.push(contentPolicy, "default-src 'none'; frame-ancestors 'none'")
  if (!hasCacheControl) list.push(cacheControl, 'no-store')
  return list
}
