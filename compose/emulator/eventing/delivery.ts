import type { Trigger } from '../manifests/eventing.ts'
import type { Backend } from '../serving/backend.ts'
import { createBatches } from './batches.ts'
import { attempt, type DeliveryError, type Outcome } from './attempt.ts'
import { deliveryHead, InvalidEvent, readEvent, ttlName, type CloudEvent } from './cloud-event.ts'
import type { Entry, Step } from './entry.ts'

/** Where a subscriber or a dead letter sink is reached. */
export type Address = {
  backend: Backend
  host: string
  path: string
  /** How a dead letter names it. */
  url: string
}

/**
 * Stands around each try to give an event to its subscriber, and says what the Broker takes its outcome to be:
 * whoever looks for bugs loses, repeats and delays tries here.
 */
export type Around = (
  event: CloudEvent,
  trigger: string,
  send: () => Promise<Outcome>,
) => Promise<Outcome>

export const direct: Around = (_event, _trigger, send) => send()

export type DeliveryOptions = {
  trigger: Trigger
  subscriber: Address
  deadLetterSink: Address | undefined
  /** How a dead letter names the Broker, where it was the reply that failed. */
  brokerUrl: string
  around: Around
  /** Puts a reply into the Broker. Rejects where it cannot be stored. */
  reply: (event: CloudEvent) => Promise<void>
}

const errorDataLengthMax = 1024
/** Where the manifests set no limit, nothing may wait for ever all the same. */
const tryMsMax = 600_000

/**
 * Gives the function that makes one try for an entry of the Trigger's backlog and says what is next: the
 * subscriber with its retries, then the dead letter sink with as many.
 */
export function createDelivery(options: DeliveryOptions): (entry: Entry) => Promise<Step> {
  const { trigger, subscriber, deadLetterSink, around } = options
  const { timeoutMs = tryMsMax } = trigger.delivery
  const forSubscriber = { prefer: 'reply', 'kn-namespace': trigger.namespace }
  const forSink = { 'kn-namespace': '' }

  const send = ({ backend, host, path }: Address, event: CloudEvent, more: typeof forSink) =>
    attempt(backend, deliveryHead(event, host, path, more), event.data, timeoutMs)

  const batches = subscriber.backend.takesBatches ? createBatches(subscriber, timeoutMs) : undefined
  const give = (event: CloudEvent) => {
    const alone = () => send(subscriber, event, forSubscriber)
    return batches ? batches(event, alone) : alone()
  }

  return async (entry) => {
    if (entry.isDeadLetter && deadLetterSink) {
      const outcome = await send(deadLetterSink, deadLetterOf(entry), forSink)
      // What a dead letter sink replies is nobody's.
      return outcome.kind === 'failed'
        ? failed(options, entry, deadLetterSink.url, outcome)
        : { next: 'done' }
    }
    const outcome = await around(entry.event, trigger.name, () => give(entry.event))
    if (outcome.kind === 'taken') return { next: 'done' }
    if (outcome.kind === 'failed') return failed(options, entry, subscriber.url, outcome)
    return replied(options, entry, outcome)
  }
}

/** The reply enters the Broker as an event of its own, with what is left of the first one's TTL. */
async function replied(
  options: DeliveryOptions,
  entry: Entry,
  { headers, body }: Outcome & { kind: 'replied' },
): Promise<Step> {
  const ttl = entry.event.ttl - 1
  if (ttl <= 0) {
    const error = { code: 400, data: Buffer.alloc(0) }
    return failed(options, entry, options.brokerUrl, { isRetried: false, error })
  }
  try {
    await options.reply({ ...readEvent(headers, body), ttl })
    return { next: 'done' }
  } catch (err) {
    const { url } = options.subscriber
    if (err instanceof InvalidEvent)
      return failed(options, entry, url, { isRetried: true, error: undefined })
    // The reply was not stored: the whole delivery is made again, which subscribers have to bear anyway.
    return { next: 'again', waitMs: storeRetryMs }
  }
}

const storeRetryMs = 500

function failed(
  { trigger, deadLetterSink }: DeliveryOptions,
  entry: Entry,
  url: string,
  { isRetried, error }: { isRetried: boolean; error: DeliveryError | undefined },
): Step {
  const { retriesMax, waitMs } = trigger.delivery
  if (isRetried && entry.tries < retriesMax) return { next: 'again', waitMs: waitMs(entry.tries++) }
  if (entry.isDeadLetter || !deadLetterSink) {
    const why = error ? `${url} answered ${error.code}` : `${url} gave no answer that counts`
    return { next: 'give up', reason: `${why} (${entry.tries + 1} tries)` }
  }
  entry.failure = { url, error }
  entry.isDeadLetter = true
  entry.tries = 0
  return { next: 'again', waitMs: 0 }
}

/** The event as it was, with its TTL and what Knative tells of the last try. */
function deadLetterOf({ event, failure }: Entry): CloudEvent {
  const attributes: Record<string, string> = { ...event.attributes, [ttlName]: String(event.ttl) }
  if (failure?.error) {
    attributes.knativeerrordest = failure.url
    attributes.knativeerrorcode = String(failure.error.code)
    attributes.knativeerrordata = failure.error.data.toString('base64').slice(0, errorDataLengthMax)
  }
  return { ...event, attributes }
}
