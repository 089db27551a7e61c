import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { parseAllDocuments, stringify } from 'yaml'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting } from '../../../functions/_runtime/testing/services.ts'
import { ask, manifests, start, until, type Started } from './support.ts'
import { startSubscribers, type Seen, type Step, type Subscribers } from './subscribers.ts'

type Case = {
  name: string
  request: { method: string; path: string; headers: Record<string, string>; body?: string }
  answers: Record<string, Step[]>
  status: number
  seen: Record<string, { afterMs: number; headers: Record<string, string>; body: string }[]>
}

const recorded = (file: string) => readFileSync(join(import.meta.dirname, 'broker', file), 'utf8')
const cases = JSON.parse(recorded('cases.json')) as Case[]
const isCesql = ({ name }: { name: string }) => name.startsWith('cesql')

/** The recorded objects, with a subscriber of ours behind each Trigger. */
function objects(url: string): any[] {
  const all = parseAllDocuments(recorded('broker.yaml')).map((document) => document.toJS())
  for (const { kind, metadata, spec } of all) {
    if (kind === 'Trigger') spec.subscriber.uri = `${url}/${metadata.name}`
    else spec.delivery.deadLetterSink.uri = `${url}/dead-letters`
  }
  return all
}

const write = (all: unknown[]) =>
  manifests({ 'broker.yaml': all.map((one) => stringify(one)).join('---\n') })

describe("the Broker answers and delivers as Knative's did", (it) => {
  let subscribers: Subscribers
  let emulator: Started
  it.before(async () => {
    subscribers = await startSubscribers()
    const all = objects(subscribers.url).filter(({ metadata }) => !isCesql(metadata))
    emulator = await start({ manifests: write(all) })
  })
  it.after(async () => {
    await emulator.stop()
    await subscribers.close()
    await endTesting()
  })

  const backlog = async () =>
    (await ask(emulator.url, 'emulator.localhost')).body.broker as {
      backlog: Record<string, number>
      undeliverable: number
    }

  for (const one of cases.filter((each) => !isCesql(each)))
    it(one.name, async () => {
      let lateOne = await play(one)
      // Another process may have had the machine just then; a wait that is wrong is wrong each time.
      for (let again = 0; lateOne !== undefined && again < 2; again++) lateOne = await play(one)
      assert.is(lateOne, undefined)
    })

  /** Gives the delivery that did not come at its time, if there is one. */
  async function play(one: Case): Promise<string | undefined> {
    subscribers.reset(one.answers)
    const { method, path, headers, body } = one.request
    const answered = await ask(new URL(emulator.brokerUrl).origin, 'broker', path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    })
    assert.is(answered.status, one.status)
    await until('all is settled', async () => Object.keys((await backlog()).backlog).length === 0)
    assert.equal(seenBy(subscribers.seen, subscribers.url), headersAndBodies(one.seen))
    assert.is((await backlog()).undeliverable, 0)
    return Object.entries(one.seen)
      .flatMap(([name, deliveries]) => late(name, deliveries))
      .at(0)
  }

  function late(name: string, deliveries: { afterMs: number }[]): string[] {
    const seen = subscribers.seen.get(name) ?? []
    return deliveries.slice(1).flatMap((expected, i) => {
      const afterMs = Math.round((seen[i + 1]?.atMs ?? 0) - (seen[i]?.atMs ?? 0))
      return Math.abs(afterMs - expected.afterMs) <= 100
        ? []
        : [`${name}: try ${i + 2} came after ${afterMs} ms, not after ${expected.afterMs}`]
    })
  }

  it('refuses the Trigger that filters with cesql, which is two of the cases', async () => {
    assert.is(cases.filter(isCesql).length, 2)
    const folder = write(objects(subscribers.url))
    const refused = await start({ manifests: folder }).then(
      () => '',
      (err: Error) => err.message,
    )
    assert.is(
      refused,
      'broker.yaml: Trigger cesql: it filters with cesql, which the emulator does not have: use exact, prefix, suffix, any, all or not',
    )
  })
})

type Deliveries = Record<string, { headers: Record<string, string>; body: string }[]>

/** As they were recorded: a time is `T`, an address of ours `…`. */
function seenBy(seen: Map<string, Seen[]>, url: string): Deliveries {
  const normal = (header: string, value: string) => {
    if (header === 'ce-knativearrivaltime') return Number.isNaN(Date.parse(value)) ? value : 'T'
    return value.replace(url, '…')
  }
  return Object.fromEntries(
    [...seen].map(([name, deliveries]) => [
      name,
      deliveries.map(({ headers, body }) => ({
        headers: Object.fromEntries(
          Object.entries(headers).map(([header, value]) => [header, normal(header, value)]),
        ),
        body,
      })),
    ]),
  )
}

const headersAndBodies = (seen: Case['seen']): Deliveries =>
  Object.fromEntries(
    Object.entries(seen).map(([name, deliveries]) => [
      name,
      deliveries.map(({ headers, body }) => ({ headers, body })),
    ]),
  )
