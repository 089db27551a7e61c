import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import { createTransport } from 'nodemailer'
import { freePort } from '../../local/ports.ts'
import { functionNames } from '../../../contracts/functions.ts'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting, testRedisUrl } from '../../../functions/_runtime/testing/services.ts'
import { ask } from './support.ts'

/** The emulator as compose.yaml runs it: a process of its own, and functions that somebody else started. */
describe('the emulator with --attach', (it) => {
  const received: IncomingMessage[] = []
  const elsewhere = createServer((incoming, outgoing) => {
    received.push(incoming)
    incoming.resume()
    if (incoming.method === 'POST') outgoing.writeHead(204).end()
    else outgoing.end(`${incoming.headers.host}${incoming.url}`)
  })
  let child: ChildProcess
  let url = ''
  let brokerUrl = ''
  let smtpPort = 0

  it.before(async () => {
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const { port } = elsewhere.address() as AddressInfo
    const place = `127.0.0.1:${port}`
    smtpPort = await freePort()
    child = spawn(
      process.execPath,
      [
        'compose/emulator/main.ts',
        '--attach=8080',
        '--port=0',
        '--broker-port=0',
        `--smtp-port=${smtpPort}`,
        `--sidecar=bank=${place}`,
        ...functionNames.map((name) => `--at=${name}=${place}`),
      ],
      {
        env: { ...process.env, REDIS_URL: await testRedisUrl() },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    )
    const started = await new Promise<{ url: string; brokerUrl: string }>((resolve) =>
      child.once('message', (message) => resolve(message as { url: string; brokerUrl: string })),
    )
    url = started.url
    brokerUrl = started.brokerUrl
  })
  it.after(async () => {
    elsewhere.close()
    await endTesting()
  })

  it('reads knative/base as it is, without its secrets, and starts nothing', async () => {
    const { body } = await ask(url, 'emulator.localhost')
    assert.equal(Object.keys(body.functions).toSorted(), functionNames.toSorted())
    for (const one of Object.values<any>(body.functions)) assert.equal(one.processes, [])
  })

  it('is the ingress of the gateway, of each function and of what stands beside them', async () => {
    assert.is((await ask(url, '127.0.0.1:8080', '/a')).text, '127.0.0.1:8080/a')
    assert.is((await ask(url, 'orders.localhost', '/b')).text, 'orders.localhost/b')
    assert.is((await ask(url, 'bank.localhost', '/c')).text, 'bank.localhost/c')
  })

  it('is the Broker: it delivers to each function that a Trigger names', async () => {
    received.splice(0)
    const { status } = await fetch(brokerUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '1',
        'ce-source': '/test',
        'ce-type': 'dev.boxoffice.seats.generated.v1',
      },
      body: '{}',
    })
    assert.is(status, 202)
    for (let tries = 0; received.length === 0 && tries < 200; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(
      received.map(({ headers }) => `${String(headers['ce-id'])} to ${headers.host}`),
      ['1 to catalog.boxoffice.svc.cluster.local'],
    )
  })

  it('catches mail on a port that is known beforehand, and ends with 0 while a client is connected', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: smtpPort, pool: true })
    await transport.sendMail({
      from: 'a@example.org',
      to: 'b@example.org',
      subject: 'x',
      text: 'y',
    })
    const { body } = await ask(url, 'mail.localhost', '/messages')
    assert.equal(
      body.items.map(({ subject }: { subject: string }) => subject),
      ['x'],
    )
    const start = performance.now()
    child.kill('SIGTERM')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    assert.is(code, 0)
    assert.ok(performance.now() - start < 8000, 'it ends before anybody would kill it')
    transport.close()
  })
})
