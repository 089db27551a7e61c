import { createHash } from 'node:crypto'
import type { App } from '../_runtime/app.ts'
import { readBytes } from '../_runtime/body.ts'
import { current, inContext, safeCorrelationId, safeTraceparent } from '../_runtime/context.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import { failureOf, readDeadEvent, type DeadEvent } from './cloud-event.ts'
import type { Deps } from './deps.ts'
import { functionAt } from './destinations.ts'
import { keepDeadLetter } from './store/dead-letters.ts'

/** Above what any Broker takes, also where the data come as base64: what is refused here is gone. */
const eventBytesMax = 4 * 1024 * 1024

/**
 * `POST /` takes every CloudEvent, whatever its type, and answers 204 with no body: the Broker delivers again
 * what is answered otherwise. It checks no signature, because nothing happens here; who gets a replay checks it.
 */
export function takeDeadLetters(app: App, deps: Deps): void {
  app.post('/', async (c) => {
    const headers = c.req.header()
    try {
      const event = readDeadEvent(headers, await readBytes(c, eventBytesMax))
      await inContext(threadOf(event), () => keep(deps, event))
    } catch (err) {
      if (err instanceof Problem && err.status < 500)
        deps.log.error({ err, type: headers['ce-type'], id: headers['ce-id'] }, 'refused, and lost')
      throw err
    }
    return c.body(null, 204)
  })
}

async function keep(deps: Deps, event: DeadEvent): Promise<void> {
  const { database, log, measures, namespace, tidying } = deps
  const { destination, code, answer } = failureOf(event)
  const { id, source, type } = event.attributes
  const functionName = functionAt(destination, namespace)
  const kept = await keepDeadLetter(database, {
    ...event,
    id: newId(),
    key: keyOf([source, id, destination]),
    destination,
    functionName: functionName ?? null,
    code,
    answer,
    correlationId: current().correlationId,
  })
  measures.received(type ?? '', functionName)
  const facts = { id: kept.id, eventId: id, type, source, destination, code, times: kept.times }
  log.warn(facts, 'a CloudEvent came in as a dead letter')
  if (kept.is_new) await tidying.added()
}

/** JSON tells `a, b` and `ab`, or nothing, apart. */
const keyOf = (parts: unknown[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest()

/** The event's own thread. */
function threadOf({ attributes: { correlationid, traceparent } }: DeadEvent) {
  const trace = safeTraceparent(traceparent)
  return {
    correlationId: safeCorrelationId(correlationid) ?? current().correlationId,
    ...(trace ? { traceparent: trace } : {}),
    deadlineAt: current().deadlineAt,
  }
}
