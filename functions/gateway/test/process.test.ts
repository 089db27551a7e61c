import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { freePort } from '../../../compose/local/ports.ts'
import { describe } from '../../_runtime/test.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { ask, gatewayEnv, sendRaw } from './support.ts'

describe('the gateway as a process of its own', (it) => {
  let behind: Awaited<ReturnType<typeof gatewayEnv>>
  let child: ChildProcess
  let address = ''
  let answer = () => {}
  let metricsPort = 0
  it.before(async () => {
    behind = await gatewayEnv({
      orders: (_, outgoing) => void (answer = () => outgoing.end('[]')),
      catalog: (_, outgoing) => void outgoing.end('[]'),
    })
    metricsPort = await freePort()
    const env = {
      ...behind.env,
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      METRICS_PORT: String(metricsPort),
    }
    child = fork(new URL('../main.ts', import.meta.url), { env })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    address = `http://127.0.0.1:${port}`
  })
  it.after(async () => {
    child.kill('SIGKILL')
    await behind.close()
    await endTesting()
  })

  it('is ready when it listens, and lets through what it should', async () => {
    for (const path of ['/health', '/ready'])
      assert.is((await ask(`${address}${path}`, {})).status, 200)
    assert.is((await ask(`${address}/v1/events`, {})).text, '[]')
    assert.is((await ask(`${address}/v1/holds/x`, { method: 'PUT' })).body.code, 'not-found')
  })

  it('tells Prometheus how it fares at a port of its own, and at its door only admins', async () => {
    const { status, text } = await ask(`http://127.0.0.1:${metricsPort}/metrics`, {})
    assert.is(status, 200)
    assert.match(text, /http_request_duration_seconds_count\{/)
    for (const path of ['/v1/events', '/', '/debug/redis'])
      assert.is((await ask(`http://127.0.0.1:${metricsPort}${path}`, {})).status, 404, path)
    assert.is((await ask(`${address}/metrics`, {})).status, 401)
  })

  it('goes on selling where that port is taken', async () => {
    const second = fork(new URL('../main.ts', import.meta.url), {
      env: {
        ...behind.env,
        PORT: '0',
        HOST: '127.0.0.1',
        LOG_LEVEL: 'silent',
        METRICS_PORT: String(metricsPort),
      },
    })
    const [{ port }] = (await once(second, 'message')) as [{ port: number }]
    assert.is((await ask(`http://127.0.0.1:${port}/v1/events`, {})).text, '[]')
    second.kill('SIGTERM')
    const [code] = (await once(second, 'exit')) as [number]
    assert.is(code, 0)
  })

  it('answers what is in flight before it ends, with 0', async () => {
    const token = await accessToken(newId())
    const last = sendRaw(
      Number(new URL(address).port),
      `GET /v1/orders HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
    child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.is(child.exitCode, null)
    answer()
    assert.match(await last, /^HTTP\/1\.1 200 OK\r\n[^]*\[\]/)
    const [code] = (await once(child, 'exit')) as [number]
    assert.is(code, 0)
  })
})
