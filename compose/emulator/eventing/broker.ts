import type { Server } from 'node:http'
import type { Destination } from '../manifests/destinations.ts'
import { keyOf, type Broker as Manifest, type Trigger } from '../manifests/eventing.ts'
import { Backlog } from './backlog.ts'
import { arrivalName, type CloudEvent } from './cloud-event.ts'
import { createDelivery, direct, type Address, type Around } from './delivery.ts'
import { createDoor } from './door.ts'
import { openStore, type EventStore } from './store.ts'

export type BrokerStatus = {
  /** Events that are stored and not settled, by Trigger; a Trigger without any is left out. */
  backlog: Record<string, number>
  /** Events that were given up and are kept; -1 where the store does not say. */
  undeliverable: number
}

export type BrokerOptions = {
  brokers: Manifest[]
  triggers: Trigger[]
  redisUrl: string
  /** Asked once for each destination, when delivery begins. */
  addressOf: (destination: Destination) => Address
  around?: Around | undefined
  /** Somebody waits for an answer: events may take a little longer. Never, unless it is given. */
  isBusy?: () => boolean
  /** Takes several events in one request, at `/batch` below a Broker's path; Knative's does not. */
  takesBatches?: boolean
  say: (line: string) => void
}

type Listener = { trigger: Trigger; key: string; backlog: Backlog }

const storedMax = 1_000_000
const deliveringMax = 64
const deliveringInBatchesMax = 256
const reconcileMs = 5000

/** Knative's Broker, as its channel-based one answers, on a store that outlives every process. */
export class Broker {
  /** Not listening yet. */
  readonly server: Server
  readonly #options: BrokerOptions
  readonly #store: EventStore
  readonly #listeners = new Map<string, Listener[]>()
  #timer: NodeJS.Timeout | undefined
  #isStarted = false

  private constructor(options: BrokerOptions, store: EventStore) {
    this.#options = options
    this.#store = store
    for (const { namespace, name } of options.brokers)
      this.#listeners.set(keyOf(namespace, name), [])
    this.server = createDoor({
      has: (brokerKey) => this.#listeners.has(brokerKey),
      publish: (brokerKey, event) => this.publish(brokerKey, event),
      takesBatches: options.takesBatches ?? false,
    })
    store.onReconnect(() => this.#all().forEach(({ backlog }) => backlog.doubt()))
  }

  /** Rejects where Redis cannot be reached. */
  static async open(options: BrokerOptions): Promise<Broker> {
    return new Broker(options, await openStore(options.redisUrl, options.say))
  }

  /** Begins to deliver, with what an earlier run left. */
  async start(): Promise<void> {
    for (const trigger of this.#options.triggers) this.#listen(trigger)
    await Promise.all(this.#all().map(({ backlog }) => backlog.start()))
    this.#isStarted = true
    const left = this.#stored()
    if (left > 0) this.#options.say(`the Broker delivers ${left} events that an earlier run left`)
    this.#timer = setInterval(() => {
      for (const { backlog } of this.#all()) void backlog.reconcile()
    }, reconcileMs)
    this.#timer.unref()
  }

  /** Stores the event for every Trigger that wants it. Rejects where it cannot be stored. */
  async publish(brokerKey: string, event: CloudEvent): Promise<void> {
    const attributes = { ...event.attributes, [arrivalName]: new Date().toISOString() }
    const arrived = { ...event, attributes }
    const wanting = (this.#listeners.get(brokerKey) ?? []).filter(({ trigger }) =>
      trigger.filter(attributes),
    )
    // Before it knows its Triggers, nobody would seem to want the event.
    if (!this.#isStarted) throw new Error('the Broker is still starting')
    if (wanting.length === 0) return
    if (this.#stored() >= storedMax) throw new Error(`${storedMax} events wait already`)
    try {
      const ids = await this.#store.add(
        wanting.map(({ key }) => key),
        arrived,
      )
      ids.forEach((id, i) => wanting[i]?.backlog.add(id, arrived))
    } catch (err) {
      // Some of it may be stored, and will then be delivered; the sender sends it again.
      for (const { backlog } of wanting) backlog.doubt()
      throw err
    }
  }

  async status(): Promise<BrokerStatus> {
    const waiting = this.#all().filter(({ backlog }) => backlog.length > 0)
    return {
      backlog: Object.fromEntries(
        waiting.map(({ trigger, backlog }) => [trigger.name, backlog.length]),
      ),
      undeliverable: await this.#store.undeliverable().catch(() => -1),
    }
  }

  /** Begins no other delivery, and waits at most `msMax` for those that are running. Still stores. */
  async pause(msMax: number): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#all().map(({ backlog }) => backlog.stop(msMax)))
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #all(): Listener[] {
    return [...this.#listeners.values()].flat()
  }

  #stored(): number {
    let stored = 0
    for (const listeners of this.#listeners.values())
      for (const { backlog } of listeners) stored += backlog.length
    return stored
  }

  #listen(trigger: Trigger): void {
    const { addressOf, around = direct, isBusy = () => false, say } = this.#options
    const { namespace, name, broker, subscriber, delivery } = trigger
    const brokerKey = keyOf(namespace, broker)
    const key = keyOf(namespace, name)
    const address = addressOf(subscriber)
    const deliver = createDelivery({
      trigger,
      subscriber: address,
      deadLetterSink: delivery.deadLetterSink && addressOf(delivery.deadLetterSink),
      brokerUrl: `http://broker-ingress.knative-eventing.svc.cluster.local/${brokerKey}`,
      around,
      reply: (event) => this.publish(brokerKey, event),
    })
    const backlog = new Backlog({
      trigger: key,
      store: this.#store,
      isBusy,
      deliver,
      deliveringMax: address.backend.takesBatches ? deliveringInBatchesMax : deliveringMax,
      onGivenUp: ({ event: { attributes } }, reason) =>
        say(`${name} gave up ${attributes.type} ${attributes.id}: ${reason}`),
    })
    this.#listeners.get(brokerKey)?.push({ trigger, key, backlog })
  }
}
