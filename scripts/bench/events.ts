import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker } from '../../compose/emulator/eventing/broker.ts'
import { ttlMax, type CloudEvent } from '../../compose/emulator/eventing/cloud-event.ts'
import { openStore, type EventStore } from '../../compose/emulator/eventing/store.ts'
import type { Trigger } from '../../compose/emulator/manifests/eventing.ts'
import { createFixed } from '../../compose/emulator/serving/fixed.ts'
import { startRedis } from '../../compose/local/redis.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { atEnd } from './ending.ts'
import { round } from './figures.ts'
import { deliverStream } from './floor/stream-reader.ts'
import { generate, latenciesOf, mustAnswer } from './generator.ts'
import type { Options } from './options.ts'
import { report, type Report } from './report.ts'
import { openSubscriber, type Subscriber } from './subscriber.ts'

/** As many as are delivered in about one second. */
const storedASecond = 4000
const storedAtOnce = 500

/** CloudEvents that the emulator's Broker delivers: a backlog that an earlier run left, and as they are published. */
export async function benchEvents({ seconds, runs, clients, say }: Options): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-bench-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const redis = await startRedis({ folder: join(folder, 'redis'), isDurable: true, say })
  atEnd(() => redis.stop())
  const subscriber = await openSubscriber()
  const store = await openStore(redis.url, say)
  atEnd(() => store.close())
  const count = seconds * storedASecond

  const floor = async (events: number) => {
    await fill(store, 'floor', events)
    return rate(events, () => deliverStream(redis.url, 'broker:trigger:floor', subscriber.port), {
      subscriber,
    })
  }
  say('warm-up')
  await floor(storedASecond)
  await throughBroker({ store, redisUrl: redis.url, subscriber, clients, seconds: 1, say })
  const taken: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const floorPerSecond = await floor(count)
    const given = { store, redisUrl: redis.url, subscriber, clients, seconds, say }
    taken.push({ floorPerSecond, ...(await throughBroker(given)) })
    say(`run ${i} of ${runs}: ${round(taken.at(-1)?.storedPerSecond ?? 0)}/s`)
  }
  return reportOf(taken, clients)
}

type Run = Awaited<ReturnType<typeof throughBroker>> & { floorPerSecond: number }

type Given = {
  store: EventStore
  redisUrl: string
  subscriber: Subscriber
  clients: number
  seconds: number
  say: (line: string) => void
}

/** First what is stored already, then what clients publish, each client when its last event is stored. */
async function throughBroker({ store, redisUrl, subscriber, clients, seconds, say }: Given) {
  const stored = seconds * storedASecond
  await fill(store, 'boxoffice/bench', stored)
  const broker = await Broker.open({
    brokers: [{ namespace: 'boxoffice', name: 'default', delivery }],
    triggers: [triggerTo(subscriber.port)],
    redisUrl,
    addressOf: () => ({
      backend: createFixed('subscriber', {
        host: '127.0.0.1',
        port: subscriber.port,
        timeoutMs: 60_000,
      }),
      host: `127.0.0.1:${subscriber.port}`,
      path: '/',
      url: `http://127.0.0.1:${subscriber.port}`,
    }),
    say: (line) => line.includes('gave up') && say(line),
  })
  const storedPerSecond = await rate(stored, () => broker.start(), { subscriber })

  await new Promise<void>((fulfil) => broker.server.listen(0, '127.0.0.1', fulfil))
  const { port } = broker.server.address() as AddressInfo
  const { attributes, data } = newEvent()
  const headers = Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => name !== 'datacontenttype')
      .map(([name, value]) => [`ce-${name}`, value]),
  )
  const asks = [
    {
      method: 'POST' as const,
      path: '/boxoffice/default',
      body: data.toString(),
      headers,
    },
  ]
  const began = performance.now()
  const url = `http://127.0.0.1:${port}`
  const loaded = await generate({ url, seconds, clients, tokens: [], asks, isRepeated: true })
  mustAnswer(loaded, 202)
  const published = latenciesOf(loaded).length
  await subscriber.received(published)
  const publishedPerSecond = published / ((performance.now() - began) / 1000)

  await broker.pause(3000)
  await new Promise((fulfil) => broker.server.close(fulfil).closeAllConnections())
  await broker.close()
  return { storedPerSecond, publishedPerSecond }
}

/** From the beginning of `work` until the subscriber has all. */
async function rate(
  count: number,
  work: () => Promise<unknown>,
  { subscriber }: { subscriber: Subscriber },
): Promise<number> {
  const began = performance.now()
  await Promise.all([work(), subscriber.received(count)])
  return count / ((performance.now() - began) / 1000)
}

async function fill(store: EventStore, trigger: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += storedAtOnce)
    await Promise.all(Array.from({ length: storedAtOnce }, () => store.add([trigger], newEvent())))
}

const newEvent = (): CloudEvent => ({
  attributes: {
    specversion: '1.0',
    id: newId(),
    source: '/functions/orders',
    type: 'dev.boxoffice.order.confirmed.v1',
    subject: newId(),
    time: new Date().toISOString(),
    dataschema: 'urn:boxoffice:order.confirmed.v1',
    datacontenttype: 'application/json',
    correlationid: newId(),
  },
  ttl: ttlMax,
  headers: {},
  data: Buffer.from(JSON.stringify({ orderId: newId(), seatIds: [newId(), newId()] })),
})

const delivery = { retriesMax: 0, waitMs: () => 0, timeoutMs: 60_000, deadLetterSink: undefined }

const triggerTo = (port: number): Trigger => ({
  namespace: 'boxoffice',
  name: 'bench',
  broker: 'default',
  filter: ({ type }) => type === 'dev.boxoffice.order.confirmed.v1',
  subscriber: {
    kind: 'URL',
    host: '127.0.0.1',
    port,
    path: '/',
    url: `http://127.0.0.1:${port}/`,
  },
  delivery,
})

function reportOf(taken: Run[], clients: number): Report {
  const runs = taken.length
  return report('events', `events, ${runs} runs`, { clients, runs }, [
    {
      key: 'storedPerSecond',
      label: 'deliveries/s of a backlog',
      values: taken.map((run) => run.storedPerSecond),
    },
    {
      key: 'publishedPerSecond',
      label: `deliveries/s as ${clients} clients publish`,
      values: taken.map((run) => run.publishedPerSecond),
    },
    {
      key: 'floorPerSecond',
      label: 'floor/s (a bare reader of a Redis stream)',
      values: taken.map((run) => run.floorPerSecond),
    },
    {
      key: 'ratio',
      label: 'ratio of a backlog',
      values: taken.map((run) => run.storedPerSecond / run.floorPerSecond),
      digits: 2,
    },
    {
      key: 'publishedRatio',
      label: 'ratio as clients publish',
      values: taken.map((run) => run.publishedPerSecond / run.floorPerSecond),
      digits: 2,
    },
  ])
}
