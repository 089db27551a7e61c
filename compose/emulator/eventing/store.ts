import { Redis } from 'ioredis'
import type { CloudEvent } from './cloud-event.ts'

/** An event in the backlog of one Trigger. `id` is its place there: Redis's own, growing. */
export type Stored = { id: string; event: CloudEvent }

/**
 * The Broker's memory: one Redis stream a Trigger, in which each entry stands until it is settled. Every call
 * rejects where Redis does not answer within 2 s; what it did is then unknown.
 */
export type EventStore = {
  /** Gives the ids, in the order of the triggers, once Redis has acknowledged all of them. */
  add(triggers: readonly string[], event: CloudEvent): Promise<string[]>
  /** Up to `count` entries from `from` on, itself included; `-` is the first. */
  read(trigger: string, from: string, count: number): Promise<Stored[]>
  remove(trigger: string, ids: readonly string[]): Promise<void>
  /** Moves an entry to the undeliverable ones, of which the last thousand are kept. */
  giveUp(trigger: string, entry: Stored, reason: string): Promise<void>
  count(trigger: string): Promise<number>
  undeliverable(): Promise<number>
  /** The connection was lost and is there again: what was on its way is in doubt. */
  onReconnect(listener: () => void): void
  close(): Promise<void>
}

const keyOf = (trigger: string) => `broker:trigger:${trigger}`
const undeliverableKey = 'broker:undeliverable'
const undeliverableMax = 1000
const commandMsMax = 2000

export async function openStore(url: string, say: (line: string) => void): Promise<EventStore> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: commandMsMax,
    commandTimeout: commandMsMax,
    enableOfflineQueue: false,
    // Never twice by itself: the sender is told, and decides.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // What is stored in the same moment goes in one write.
    enableAutoPipelining: true,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 1000),
  })
  let isUp = true
  redis.on('error', () => {
    if (isUp) say('the Broker cannot reach its Redis; it answers 503 until it can')
    isUp = false
  })
  await redis.connect().catch((err: unknown) => {
    redis.disconnect()
    throw new Error(`the Broker cannot reach its Redis at ${url}: start it, or name another`, {
      cause: err,
    })
  })
  redis.on('ready', () => {
    if (!isUp) say('the Broker has its Redis again')
    isUp = true
  })

  return {
    add: (triggers, event) => {
      const head = packHead(event)
      const added = triggers.map((trigger) =>
        redis.xadd(keyOf(trigger), '*', 'event', head, 'data', event.data),
      )
      return Promise.all(added) as Promise<string[]>
    },
    async read(trigger, from, count) {
      const entries = await redis.xrangeBuffer(keyOf(trigger), from, '+', 'COUNT', count)
      return entries.map(([id, fields]) => ({
        id: id.toString(),
        event: unpack(fields[1] as Buffer, fields[3] as Buffer),
      }))
    },
    async remove(trigger, ids) {
      await redis.xdel(keyOf(trigger), ...ids)
    },
    async giveUp(trigger, { id, event }, reason) {
      const fields = ['trigger', trigger, 'reason', reason, 'event', packHead(event)]
      const results = await redis
        .multi()
        .xadd(undeliverableKey, 'MAXLEN', '~', undeliverableMax, '*', ...fields, 'data', event.data)
        .xdel(keyOf(trigger), id)
        .exec()
      const failed = results?.find(([err]) => err)
      if (failed?.[0]) throw failed[0]
    },
    count: (trigger) => redis.xlen(keyOf(trigger)),
    undeliverable: () => redis.xlen(undeliverableKey),
    onReconnect: (listener) => void redis.on('ready', listener),
    async close() {
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}

const packHead = ({ attributes, ttl, headers }: CloudEvent) =>
  JSON.stringify([attributes, ttl, headers])

function unpack(head: Buffer, data: Buffer): CloudEvent {
  const [attributes, ttl, headers] = JSON.parse(head.toString()) as [
    CloudEvent['attributes'],
    number,
    CloudEvent['headers'],
  ]
  return { attributes, ttl, headers, data }
}
