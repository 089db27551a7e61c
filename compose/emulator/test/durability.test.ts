import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { startRedis, type LocalRedis } from '../../local/redis.ts'
import { ask, broker, manifests, program, service, sleep, temporary, until } from './support.ts'

const trigger = `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: collects }
spec:
  broker: default
  filter: { attributes: { type: made } }
  delivery: { retry: 20, backoffPolicy: linear, backoffDelay: PT0.1S, timeout: PT2S }
  subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: collector } }
`

const say = () => {}

describe('an event that the Broker accepted', (it) => {
  const folder = temporary()
  const collected = join(folder, 'collected')
  const children: ChildProcess[] = []
  let redis: LocalRedis
  it.before(async () => {
    redis = await startRedis({ folder, isDurable: true, say })
  })
  it.after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await redis.stop()
  })

  /** Starts the Broker in a process of its own. */
  async function startBroker(): Promise<{ child: ChildProcess; brokerUrl: string; url: string }> {
    const options = {
      program: program('collector'),
      environment: { COLLECTED: collected },
      manifests: manifests({ 'a.yaml': `${service('collector')}---${broker}---${trigger}` }),
      port: 0,
      brokerPort: 0,
      redisUrl: redis.url,
      values: { configMaps: {}, secrets: {} },
      logFolder: folder,
    }
    const child = spawn(process.execPath, [program('emulator'), JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    const told = await new Promise<{ brokerUrl: string; url: string }>((resolve, reject) => {
      child.once('message', (message) => resolve(message as never))
      child.once('exit', () => reject(new Error('the emulator ended')))
    })
    return { child, ...told }
  }

  /** Publishes until it is told to stop; gives the ids that were answered 202, and those of unknown fate. */
  function publish(brokerUrl: string, prefix: string) {
    const accepted: string[] = []
    const unknown: string[] = []
    let isOver = false
    let number = 0
    const publisher = async () => {
      while (!isOver) {
        const id = `${prefix}-${number++}`
        const headers = {
          'ce-id': id,
          'ce-type': 'made',
          'ce-source': '/',
          'ce-specversion': '1.0',
        }
        const { origin, pathname } = new URL(brokerUrl)
        const sent = { method: 'POST', headers, body: '{}' }
        const answer = await ask(origin, 'broker', pathname, sent).catch(() => undefined)
        if (answer?.status === 202) accepted.push(id)
        else {
          unknown.push(id)
          await sleep(10)
        }
      }
    }
    const publishers = Promise.all(Array.from({ length: 8 }, publisher))
    return async () => {
      isOver = true
      await publishers
      return { accepted, unknown: new Set(unknown) }
    }
  }

  const delivered = () =>
    new Set(existsSync(collected) ? readFileSync(collected, 'utf8').trim().split('\n') : [])

  const missing = (ids: string[]) => {
    const seen = delivered()
    return ids.filter((id) => !seen.has(id))
  }

  const isEmpty = async (url: string) => {
    const { body } = await ask(url, 'emulator.localhost')
    return Object.keys(body.broker.backlog).length === 0
  }

  it('is delivered after the Broker was killed in the middle of it all', async () => {
    writeFileSync(collected, '')
    const first = await startBroker()
    const stop = publish(first.brokerUrl, 'a')
    await until('events flow', () => delivered().size > 50)
    first.child.kill('SIGKILL')
    const { accepted, unknown } = await stop()
    const before = missing(accepted).length
    assert.ok(before > 0, 'nothing was on its way: the kill proves nothing')

    const second = await startBroker()
    await until('all are delivered', () => missing(accepted).length === 0)
    await until('nothing is left', () => isEmpty(second.url))
    const known = new Set(accepted)
    const strangers = [...delivered()].filter((id) => !known.has(id) && !unknown.has(id))
    assert.equal(strangers, [])
    second.child.disconnect()
    await new Promise((resolve) => second.child.once('exit', resolve))
  })

  it('is delivered after its Redis was killed, which the Broker answers with 503', async () => {
    writeFileSync(collected, '')
    const { child, brokerUrl, url } = await startBroker()
    const stop = publish(brokerUrl, 'b')
    await until('events flow', () => delivered().size > 50)
    const pid = Number(readFileSync(join(folder, 'redis.pid'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    const { origin, pathname } = new URL(brokerUrl)
    const headers = { 'ce-id': 'c', 'ce-type': 'made', 'ce-source': '/', 'ce-specversion': '1.0' }
    await sleep(100)
    const refused = await ask(origin, 'broker', pathname, { method: 'POST', headers })
    assert.is(refused.status, 503)
    assert.is(refused.headers['retry-after'], '1')

    redis = await startRedis({ folder, isDurable: true, port: redis.port, say })
    await until('events flow again', async () => {
      const again = await ask(origin, 'broker', pathname, { method: 'POST', headers })
      return again.status === 202
    })
    const { accepted } = await stop()
    await until('all are delivered', () => missing(accepted).length === 0)
    await until('nothing is left', () => isEmpty(url), 15_000)
    child.disconnect()
    await new Promise((resolve) => child.once('exit', resolve))
  })
})
