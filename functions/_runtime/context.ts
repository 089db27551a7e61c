import { AsyncLocalStorage } from 'node:async_hooks'
import { newId, newTraceparent } from './ids.ts'

/** What belongs to one request or one CloudEvent and follows it through every call, log line and outbox row. */
export type Context = {
  correlationId: string
  /** W3C trace context, handed on as it came. */
  traceparent: string
  /** `performance.now()` by which the answer must be there; a step that would begin later is not begun. */
  deadlineAt: number
}

const storage = new AsyncLocalStorage<Context>()
const outside: Context = { correlationId: '-', traceparent: '', deadlineAt: Infinity }

/** The context of the work at hand; outside of any, one that says so. */
export const current = (): Context => storage.getStore() ?? outside

export function inContext<Result>(context: Partial<Context>, work: () => Result): Result {
  return storage.run(
    {
      correlationId: context.correlationId ?? newId(),
      traceparent: context.traceparent ?? newTraceparent(),
      deadlineAt: context.deadlineAt ?? Infinity,
    },
    work,
  )
}

/** For work that serves several requests at once: it belongs to none of them and ends with none of them. */
export const outsideContext = <Result>(work: () => Result): Result => storage.exit(work)

/** Milliseconds until the deadline of the work at hand, at most `limitMs`. */
export const remainingMs = (limitMs: number): number =>
  Math.min(limitMs, current().deadlineAt - performance.now())

/** The context of what somebody asks for. What of his own is not safe to hand on is made anew. */
export const contextFrom = (given: {
  correlationId: unknown
  traceparent: unknown
  /** How long he waits; 0 where he does not say. */
  limitMs: number
}): Context => ({
  correlationId: safeCorrelationId(given.correlationId) ?? newId(),
  traceparent: safeTraceparent(given.traceparent) ?? newTraceparent(),
  deadlineAt: given.limitMs > 0 ? performance.now() + given.limitMs : Infinity,
})

export const correlationHeader = 'x-correlation-id'
/** Milliseconds that the caller will still wait: relative, because clocks of machines do not agree. */
export const deadlineHeader = 'x-deadline-ms'

/** Takes a caller's correlation id only in a form that is safe to log and to send on. */
export const safeCorrelationId = (given: unknown): string | undefined =>
  typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : undefined

const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
export const safeTraceparent = (given: unknown): string | undefined =>
  typeof given === 'string' && traceparentForm.test(given) ? given : undefined
