import { allow, type Visitor } from './callers.ts'
import type { Deps } from './deps.ts'
import { answerHeaders } from './headers.ts'
import { countAnswer, type Passage } from './passage.ts'

const probeMsMax = 2000

type Answer = { status: number; type: string; body: string }

/** What the gateway answers by itself. It is the one door to the outside, so only admins see it here. */
const ownRoutes: Record<string, (deps: Deps) => Promise<Answer>> = {
  '/metrics': async ({ metrics }) => ({
    status: 200,
    type: metrics.contentType,
    body: await metrics.text(),
  }),
  '/debug/redis': ({ redis }) =>
    probe(async () => {
      if ((await redis.attempt((client) => client.ping())) === undefined)
        throw new Error('no answer')
    }),
  '/debug/broker': ({ brokerUrl }) =>
    probe(async () => {
      const signal = AbortSignal.timeout(probeMsMax)
      const { status } = await fetch(brokerUrl, { method: 'OPTIONS', signal })
      if (status !== 200) throw new Error(`answered ${status}`)
    }),
}

export const isOwn = (method: string, path: string): boolean =>
  method === 'GET' && Object.hasOwn(ownRoutes, path)

/** Throws what `allow` throws for everybody but admins. */
export async function answerOwn(
  deps: Deps,
  passage: Passage,
  { path, visitor }: { path: string; visitor: Visitor },
): Promise<void> {
  allow({ roles: ['admin'] }, visitor)
  const answer = await ownRoutes[path]?.(deps)
  if (!answer || passage.isOver) return
  countAnswer(deps, passage, answer.status)
  passage.isOver = true
  const headers = answerHeaders(['content-type', answer.type], passage)
  passage.outgoing.writeHead(answer.status, headers).end(answer.body)
}

async function probe(work: () => Promise<void>): Promise<Answer> {
  const start = performance.now()
  const error = await work().then(
    () => null,
    (err: unknown) => (err instanceof Error ? err.message : String(err)),
  )
  const ms = Math.round((performance.now() - start) * 10) / 10
  const body = JSON.stringify({ ok: error === null, ms, error })
  return { status: error === null ? 200 : 503, type: 'application/json', body }
}
