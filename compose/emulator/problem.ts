import type { ServerResponse } from 'node:http'
import { problems } from '../../contracts/problems.ts'

type Code = 'not-found' | 'request-too-slow' | 'function-unreachable' | 'busy' | 'time-limit'

/** Answers RFC 9457, as a function would, where no function could; ends the answer where it has begun already. */
export function answerProblem(outgoing: ServerResponse, code: Code, detail: string): void {
  if (outgoing.headersSent || outgoing.destroyed) return void outgoing.destroy()
  const { status, title } = problems[code]
  const type = `urn:boxoffice:problem:${code}`
  const { url: instance, headers } = outgoing.req
  const correlationId = headers['x-correlation-id']
  const body = JSON.stringify({ type, title, status, detail, instance, code, correlationId })
  outgoing.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  })
  outgoing.end(body)
}
