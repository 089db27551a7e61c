import type { IncomingMessage } from 'node:http'
import type { Request } from './call.ts'

/** A request taken apart for another hop. */
export type Incoming = {
  /** Without its port, in lower case. */
  host: string
  request: Request
  /** Bytes of the body; Infinity where that is not known. */
  length: number
}

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those that only we may set. */
const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])

/**
 * Writes the head of the request as the function will see it. Everybody on our port is outside, so what a peer
 * says of earlier hops is thrown away and replaced by what we see.
 */
export function readIncoming(incoming: IncomingMessage): Incoming {
  const { rawHeaders, method = 'GET' } = incoming
  const own = ownHeaders(incoming)
  let head = `${method} ${pathOf(incoming.url as string)} HTTP/1.1\r\n`
  let host = ''
  let length = 0
  let isChunked = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const lower = name.toLowerCase()
    if (lower === 'transfer-encoding') isChunked = true
    if (dropped.has(lower) || own?.has(lower)) continue
    // Of two, every reader takes the first.
    if (lower === 'host') {
      if (host !== '') continue
      host = value
    } else if (lower === 'content-length') length = Number(value)
    head += `${name}: ${value}\r\n`
  }
  if (isChunked) head += 'transfer-encoding: chunked\r\n'
  const peer = incoming.socket.remoteAddress ?? 'unknown'
  const quoted = peer.includes(':') ? `"[${peer}]"` : peer
  head += `x-forwarded-for: ${peer}\r\nx-forwarded-proto: http\r\n`
  if (host !== '') head += `x-forwarded-host: ${host}\r\n`
  head += `forwarded: for=${quoted};host="${host.replaceAll(/["\\]/g, '')}";proto=http\r\n\r\n`
  return {
    host: withoutPort(host),
    length: isChunked ? Infinity : length,
    request: { head, body: undefined, source: undefined, isChunked, isHead: method === 'HEAD' },
  }
}

/** Headers that the peer's own `Connection` header declares to be for this hop only. */
function ownHeaders({ headers }: IncomingMessage): Set<string> | undefined {
  const { connection } = headers
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}

function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':')
  return (colon > host.lastIndexOf(']') ? host.slice(0, colon) : host).toLowerCase()
}

/** A client may name the whole URL; functions are asked for paths. */
function pathOf(url: string): string {
  if (url.startsWith('/') || url === '*' || !URL.canParse(url)) return url
  const { pathname, search } = new URL(url)
  return pathname + search
}
