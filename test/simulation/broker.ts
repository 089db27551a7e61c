import { keyOf, readBroker, readTrigger } from '../../compose/emulator/manifests/eventing.ts'
import { readObjects, type KubernetesObject } from '../../compose/emulator/manifests/objects.ts'
import { events, type EventType } from '../../contracts/events.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import type { OutboxRow } from '../../functions/_runtime/broker.ts'
import { Problem } from '../../functions/_runtime/problem.ts'
import { signEvent } from '../../functions/_runtime/signature.ts'
import { simulatedFunctions, type SimulatedFunction } from './functions.ts'
import { eventKey, type Process } from './process.ts'
import { inside, through, type World } from './world.ts'

/** Knative's Broker with the Triggers of knative/base: at least once, in no order. */
export type Broker = {
  publish(from: Process | undefined, row: OutboxRow): Promise<boolean>
  /** Takes what only the Broker knows, as an organizer's function would send it. */
  inject(type: EventType, subject: string, data: unknown, id: string): void
  /** Hands dead letters out once more; gives how many. */
  replay(): number
  /** Deliveries that are not done; dead letters among them. */
  waiting(): number
}

type Trigger = {
  subscriber: SimulatedFunction
  wants: (attributes: Record<string, string>) => boolean
  retriesMax: number
  waitMs: (retry: number) => number
}

const triggers = readTriggers('knative/base')

function readTriggers(folder: string): Trigger[] {
  const objects = readObjects(folder)
  const named = (kind: string) => objects.filter((one) => one.kind === kind)
  const keyOfObject = ({ metadata }: KubernetesObject) => keyOf(metadata.namespace, metadata.name)
  const known = {
    services: new Set(named('Service').map(keyOfObject)),
    brokers: new Map(named('Broker').map((one) => [keyOfObject(one), readBroker(one)])),
  }
  return named('Trigger').flatMap((one) => {
    const { subscriber, filter, delivery } = readTrigger(one, known)
    const name = simulatedFunctions.find((each) => 'name' in subscriber && each === subscriber.name)
    return name ? [{ subscriber: name, wants: filter, ...delivery }] : []
  })
}

/** What has to be different before it can be taken is not tried again: Knative's list. */
const isRetried = (status: number) => status >= 500 || [404, 408, 409, 429].includes(status)

type CloudEvent = Parameters<Process['take']>[0]
type Delivery = { event: CloudEvent; trigger: Trigger; tries: number }

/** `isWritten` says whether a row stands in the outbox of its function. */
export function createBroker(
  world: World,
  isWritten: (from: SimulatedFunction, id: string) => boolean,
): Broker {
  const { clock, chance, counters, faults, trace, processes, violations } = world
  const dead: Delivery[] = []
  let waiting = 0

  async function attempt({ event, trigger }: Delivery): Promise<number> {
    const process = processes.get(trigger.subscriber)
    if (!process) return 503
    try {
      return await new Promise<number>((resolve) => {
        const reset = () => resolve(502)
        process.onDeath.add(reset)
        inside(process, () => process.take(event))
          .then(
            () => resolve(204),
            (err: unknown) => resolve(statusOf(err, event, trigger)),
          )
          .finally(() => process.onDeath.delete(reset))
      })
    } finally {
      trace.note('broker', event.type.slice(14), 'to', trigger.subscriber)
    }
  }

  function statusOf(err: unknown, { type }: CloudEvent, { subscriber }: Trigger): number {
    if (err instanceof Problem) return err.status
    violations.push(`${subscriber}: ${type} failed on a bug: ${(err as Error).stack}`)
    return 500
  }

  function deliver(delivery: Delivery, afterMs: number): void {
    waiting += 1
    clock.after(afterMs, () => void settle(delivery))
  }

  async function settle(delivery: Delivery): Promise<void> {
    const { event, trigger } = delivery
    const site = `broker->${trigger.subscriber} ${event.type}`
    const fault = faults.at(site, ['before', 'lost', 'twice'])
    if (fault === 'twice') {
      counters['event-twice'] += 1
      deliver({ ...delivery }, chance.whole(0, 20_000))
    }
    const status = fault === 'before' ? 0 : await attempt(delivery)
    waiting -= 1
    if (status >= 200 && status < 300 && fault !== 'lost') return
    // Nobody was reached for as long as all retries take together.
    const isForsaken = fault === 'before' && chance.is(0.2)
    const mayRetry = status === 0 || fault === 'lost' || isRetried(status)
    if (mayRetry && !isForsaken && delivery.tries < trigger.retriesMax)
      return deliver({ ...delivery, tries: delivery.tries + 1 }, trigger.waitMs(delivery.tries))
    trace.note('broker', event.type, 'is a dead letter of', trigger.subscriber, status)
    counters['dead-letter'] += 1
    dead.push(delivery)
  }

  function take(event: CloudEvent): void {
    const attributes = event as unknown as Record<string, string>
    for (const trigger of triggers)
      if (trigger.wants(attributes)) {
        const isLate = faults.at(`broker->${trigger.subscriber} late`, ['delay'])
        deliver(
          { event, trigger, tries: 0 },
          isLate ? chance.whole(100, 30_000) : chance.whole(1, 30),
        )
      }
  }

  return {
    publish(from, row) {
      if (from && !isWritten(from.name, row.id))
        violations.push(`I8: ${from.name} tells of ${row.type}, which is not committed`)
      return through(world, from, {
        site: `${from?.name} publishes ${row.type}`,
        effect: () => {
          take(eventOf(row, from?.name ?? 'catalog'))
          return true
        },
        kinds: ['before', 'lost', 'delay', 'twice', 'crash-before', 'crash-after'],
        none: () => new Error('the Broker did not answer'),
        unknown: () => new Error('the Broker did not answer'),
        slowMs: [100, 20_000],
      }).catch(() => false)
    },
    inject(type, subject, data, id) {
      const thread = { correlationid: 'an organizer', traceparent: '' }
      const row = {
        id,
        aggregatetype: 'event',
        aggregateid: subject,
        type,
        payload: data,
        ...thread,
      }
      take(eventOf(row, 'catalog'))
    },
    replay() {
      const letters = dead.splice(0)
      for (const letter of letters) deliver({ ...letter, tries: 0 }, 1)
      return letters.length
    },
    waiting: () => waiting + dead.length,
  }
}

/** What a Broker makes of a row: everything that was no text has become text. */
function eventOf(row: OutboxRow, from: FunctionName): CloudEvent {
  const { id, type, aggregateid: subject, correlationid, traceparent } = row
  const data: unknown = JSON.parse(JSON.stringify(row.payload))
  const source = `/functions/${from}`
  const contract = events[type]
  return {
    id,
    source,
    type,
    subject,
    data,
    correlationid,
    traceparent,
    specversion: '1.0',
    ...('extensions' in contract ? contract.extensions : {}),
    sig: signEvent(eventKey, {
      id,
      source,
      type,
      subject,
      data,
    }),
  } as unknown as CloudEvent
}
