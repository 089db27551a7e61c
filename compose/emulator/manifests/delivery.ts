import { readDestination, type Destination } from './destinations.ts'
import { refuse, type KubernetesObject } from './objects.ts'

/** How often and how long a delivery is tried, and who gets what cannot be delivered. */
export type Delivery = {
  /** Tries after the first. */
  retriesMax: number
  /** Before the retry of that number, counted from 0. */
  waitMs(retry: number): number
  /** For one try. */
  timeoutMs: number | undefined
  deadLetterSink: Destination | undefined
}

type Given = {
  retry?: number
  backoffPolicy?: string
  backoffDelay?: string
  timeout?: string
  deadLetterSink?: unknown
}

const known = new Set(['retry', 'backoffPolicy', 'backoffDelay', 'timeout', 'deadLetterSink'])

/** What Knative's webhook writes into a Broker that says nothing. */
const clusterDefault: Given = { retry: 10, backoffPolicy: 'exponential', backoffDelay: 'PT0.2S' }

export const readBrokerDelivery = (broker: KubernetesObject): Delivery =>
  readDelivery(broker, (broker.spec.delivery as Given | undefined) ?? clusterDefault)

/** A Trigger's own delivery stands in place of the Broker's as a whole: nothing is merged. */
export const readTriggerDelivery = (trigger: KubernetesObject, ofBroker: Delivery): Delivery =>
  trigger.spec.delivery ? readDelivery(trigger, trigger.spec.delivery) : ofBroker

function readDelivery(object: KubernetesObject, given: Given): Delivery {
  const unknown = Object.keys(given).find((key) => !known.has(key))
  if (unknown)
    refuse(
      object,
      `delivery.${unknown} is not emulated (retryAfterMax and format are off or alpha in Knative too): leave it out`,
    )
  const { retry = 0, backoffPolicy, backoffDelay, timeout, deadLetterSink } = given
  if (!Number.isInteger(retry) || retry < 0)
    refuse(object, `delivery.retry is ${retry}; it must be a whole number from 0`)
  if (backoffPolicy !== undefined && backoffPolicy !== 'linear' && backoffPolicy !== 'exponential')
    refuse(object, `delivery.backoffPolicy is ${backoffPolicy}; it must be linear or exponential`)
  const delayMs = readDuration(object, 'backoffDelay', backoffDelay)
  return {
    retriesMax: retry,
    // Both are needed for any wait at all; linear begins with none, exponential with the delay itself.
    waitMs: (number) =>
      backoffPolicy === undefined || delayMs === undefined
        ? 0
        : delayMs * (backoffPolicy === 'linear' ? number : 2 ** number),
    timeoutMs: readDuration(object, 'timeout', timeout),
    deadLetterSink: deadLetterSink
      ? readDestination(object, 'delivery.deadLetterSink', deadLetterSink)
      : undefined,
  }
}

function readDuration(
  object: KubernetesObject,
  field: string,
  text: string | undefined,
): number | undefined {
  if (text === undefined) return undefined
  const ms = isoMs(text)
  if (!(ms > 0))
    refuse(object, `delivery.${field} is ${text}; it must be a duration such as PT0.2S`)
  return ms
}

/** An ISO 8601 duration of days and less, in milliseconds; NaN where it is none. */
export function isoMs(text: string): number {
  const parts =
    /^P(?:(\d+)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text)
  if (!parts || text.endsWith('P') || text.endsWith('T')) return Number.NaN
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0))
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
}
