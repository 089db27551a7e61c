import type { IncomingHttpHeaders } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { EventData, EventType } from '../../contracts/events.ts'
import { problemOf, type App, type AppParts } from './app.ts'
import { readBytes } from './body.ts'
import { readEvent, readMember, type Event } from './cloud-event.ts'
import { current, inContext, safeCorrelationId, safeTraceparent } from './context.ts'
import { eventContracts } from './event-contracts.ts'
import { failpoint } from './failpoint.ts'
import { isPlanted } from './planted.ts'
import { Problem, problemBody } from './problem.ts'
import { isSigned } from './signature.ts'

/** A CloudEvent that passed: known, well formed, and signed where it must be. */
export type Received<Type extends EventType = EventType> = {
  id: string
  source: string
  type: Type
  subject: string | undefined
  data: EventData<Type>
}

/** One small handler a type. */
export type Reactions = { [Type in EventType]?: (event: Received<Type>) => Promise<void> }

const eventBytesMax = 256 * 1024

/**
 * `POST /` takes CloudEvents, binary and structured, and answers 204 with no body: any other body would make
 * Knative deliver again. A 4xx is what can never succeed and goes to the dead letters at once; 5xx, 404, 408,
 * 409 and 429 are delivered again.
 */
export function receive(app: App, parts: ReceiveParts, reactions: Reactions): void {
  const take = taking(parts, reactions)
  app.post('/', async (c) => {
    await take(await readEvent(headersOf(c), await readBytes(c, eventBytesMax)))
    return c.body(null, 204)
  })
  members.set(app, takingMembers(parts, take))
}

/** One event of a batch, and what it is answered; with a body where it is refused, as a single one would be. */
export type TakeMember = (member: unknown) => Promise<{ status: number; body?: string }>

const members = new WeakMap<object, TakeMember>()

/** How an app that was given its reactions takes an event that came in a batch. */
export const memberTaker = (app: object): TakeMember | undefined => members.get(app)

const takingMembers =
  ({ log, metrics }: ReceiveParts, take: (event: Event) => Promise<void>): TakeMember =>
  (member) =>
    inContext({}, async () => {
      const start = performance.now()
      let answer: { status: number; body?: string } = { status: 204 }
      try {
        await take(await readMember(member))
      } catch (err) {
        const problem = problemOf(log, err, '/')
        answer = { status: problem.status, body: JSON.stringify(problemBody(problem, '/')) }
      }
      const seconds = (performance.now() - start) / 1000
      metrics.httpSeconds.observe({ method: 'POST', route: '/', status: answer.status }, seconds)
      return answer
    })

type ReceiveParts = AppParts & { eventKey: string }

/** Checks a CloudEvent and lets its reaction happen. Throws what refuses it, or keeps it from being done. */
export function taking(
  { log, metrics, eventKey }: ReceiveParts,
  reactions: Reactions,
): (event: Event) => Promise<void> {
  return async (event) => {
    const reaction = reactions[event.type as EventType] as
      | ((event: Received) => Promise<void>)
      | undefined
    const count = (outcome: string) =>
      metrics.eventsReceived.inc({ type: reaction ? event.type : 'unknown', outcome })
    try {
      if (!reaction) throw new Problem('invalid-event', `Nothing here reacts to ${event.type}`)
      const received = await check(event, eventKey)
      failpoint('event.before-reaction')
      const work = inContext(contextOf(event), () => reaction(received))
      // Whoever answers first loses what fails afterwards.
      if (isPlanted('acknowledge-before-commit')) return void work.catch(() => {})
      await work
      failpoint('event.before-answer')
      count('done')
    } catch (err) {
      count(err instanceof Problem && err.status < 500 ? 'refused' : 'failed')
      if (err instanceof Problem)
        log.warn({ err, type: event.type, id: event.id }, 'a CloudEvent was not taken')
      throw err
    }
  }
}

/** As Node has read them already, where it was Node. */
const headersOf = (c: Context): IncomingHttpHeaders =>
  (c.env as Partial<HttpBindings> | undefined)?.incoming?.headers ?? c.req.header()

async function check(event: Event, eventKey: string): Promise<Received> {
  const { id, source, subject, sig } = event
  const type = event.type as EventType
  const contract = (await eventContracts())[type]
  const data = event.data ?? null
  if (contract.signed && !isSigned(eventKey, { id, source, type, subject, data }, sig))
    throw new Problem('unsigned-event', `${type} needs the extension sig`)
  const parsed = contract.data.safeParse(data)
  if (parsed.success) return { id, source, type, subject, data: parsed.data }
  const errors = parsed.error.issues.map((issue) => ({
    pointer: `#/${issue.path.join('/')}`,
    detail: issue.message,
  }))
  throw new Problem('invalid-event', `The data of ${type} does not match its contract`, { errors })
}

/** The event's own thread, not the delivery's: a delivery may carry another trace at each attempt. */
function contextOf({ correlationid, traceparent }: Event) {
  const trace = safeTraceparent(traceparent)
  return {
    correlationId: safeCorrelationId(correlationid) ?? current().correlationId,
    ...(trace ? { traceparent: trace } : {}),
    deadlineAt: current().deadlineAt,
  }
}
