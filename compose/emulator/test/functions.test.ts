import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting } from '../../../functions/_runtime/testing/services.ts'
import type { RevisionStatus } from '../serving/revision.ts'
import { ask, manifests, program, service, sleep, start, until, type Started } from './support.ts'

const host = (name: string) => `${name}.boxoffice.svc.cluster.local`

describe('functions', (it) => {
  let emulator: Started
  it.before(async () => {
    const files = {
      'a.yaml': service('sleepy'),
      'b.yaml': service('mortal', { annotations: { 'autoscaling.knative.dev/window': '60s' } }),
      'c.yaml': service('narrow', {
        containerConcurrency: 2,
        annotations: { 'autoscaling.knative.dev/max-scale': '1' },
      }),
      'd.yaml': service('broken'),
      'e.yaml': service('wide', {
        annotations: {
          'autoscaling.knative.dev/target': '2',
          'autoscaling.knative.dev/max-scale': '3',
        },
      }),
      'f.yaml': service('slow', { timeoutSeconds: 1 }),
    }
    emulator = await start({
      manifests: manifests(files),
      command: (name) => ({
        file: process.execPath,
        args: [program(name === 'broken' ? 'missing' : 'echo')],
      }),
      environment: () => ({ EXTRA: 'yes' }),
    })
  })
  it.after(async () => {
    await emulator.stop()
    await endTesting()
  })
  const status = (name: string) => emulator.status()[name] as RevisionStatus
  const line = (pattern: RegExp) =>
    until(`${pattern}`, () => emulator.lines.some((one) => pattern.test(one)))

  it('start at their first request, answer all that waited, and stop after an idle window', async () => {
    assert.equal(status('sleepy'), { processes: [], waiting: 0, scale: 0 })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(emulator.url, host('sleepy'), `/x?${i}`)),
    )
    assert.equal(
      answers.map(({ status: code, body }) => [code, body.url]),
      answers.map((_, i) => [200, `/x?${i}`]),
    )
    const pids = new Set(answers.map(({ body }) => body.pid))
    assert.is(pids.size, 1)
    await line(/^sleepy 0 → 1, cold start \d+ ms$/)
    const [pid] = pids
    await until('it sleeps', () => status('sleepy').processes.length === 0, 12_000)
    assert.throws(() => process.kill(pid, 0), 'ESRCH')
    await line(/^sleepy 1 → 0, idle for [67] s$/)
    assert.is((await ask(emulator.url, host('sleepy'))).status, 200)
  })

  it('get the environment of their manifest and what Knative and the emulator add', async () => {
    const { body } = await ask(emulator.url, host('mortal'))
    const { GREETING, PORT, HOST, K_SERVICE, K_REVISION, INGRESS_ADDRESS, BROKER_URL, EXTRA } =
      body.environment
    assert.equal([GREETING, PORT, HOST, EXTRA], ['hello', '0', '127.0.0.1', 'yes'])
    assert.equal([K_SERVICE, K_REVISION], ['mortal', 'mortal-00001'])
    assert.is(`http://${INGRESS_ADDRESS}`, emulator.url)
    assert.is(BROKER_URL, emulator.brokerUrl)
    assert.is(body.environment.npm_config_user_agent, undefined)
  })

  it('are started again at once when their process is killed', async () => {
    const before = (await ask(emulator.url, host('mortal'))).body.pid
    process.kill(before, 'SIGKILL')
    const began = performance.now()
    const after = await ask(emulator.url, host('mortal'))
    assert.ok(after.status === 200 || after.status === 502, String(after.status))
    await line(/^mortal died \(SIGKILL\), started again in \d+ ms$/)
    assert.ok(performance.now() - began < 2000)
    assert.is.not((await ask(emulator.url, host('mortal'))).body.pid, before)
  })

  it('wait 1 s and more between restarts while they keep dying young', async () => {
    const kill = async () => {
      await until('it runs', () => status('mortal').processes.length === 1)
      const answered = await ask(emulator.url, host('mortal'))
      process.kill(answered.body.pid, 'SIGKILL')
      await until('it is gone', () => status('mortal').processes[0]?.pid !== answered.body.pid)
    }
    await kill()
    const began = performance.now()
    assert.is((await ask(emulator.url, host('mortal'))).status, 200)
    const tookMs = performance.now() - began
    assert.ok(tookMs > 900 && tookMs < 3000, `${tookMs}`)
  })

  it('answer 502 to a request whose process died under it, and do not repeat it', async () => {
    const { status: code, body } = await ask(emulator.url, host('wide'), '/exit')
    assert.is(code, 502)
    assert.is(body.code, 'function-unreachable')
    await line(/^wide died \(exit code 3\), started again in \d+ ms$/)
  })

  it('never have more in flight than containerConcurrency', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => ask(emulator.url, host('narrow'), '/?delay=50')),
    )
    assert.is(Math.max(...answers.map(({ body }) => body.most)), 2)
    assert.ok(answers.every(({ status: code }) => code === 200))
  })

  it('get more processes under load, and each its share', async () => {
    let isOver = false
    const pids = new Set<number>()
    const buyer = async () => {
      while (!isOver) pids.add((await ask(emulator.url, host('wide'), '/?delay=50')).body.pid)
    }
    const buyers = Array.from({ length: 8 }, buyer)
    try {
      await line(/^wide [12] → 3, \d requests in flight$/)
      await until('all have work', () => pids.size >= 3)
    } finally {
      isOver = true
      await Promise.all(buyers)
    }
    assert.is(status('wide').processes.length, 3)
  })

  it('that cannot start answer 502 with the path of their log', async () => {
    const { status: code, headers, body } = await ask(emulator.url, host('broken'))
    assert.is(code, 502)
    assert.is(headers['content-type'], 'application/problem+json')
    const logFile = join(emulator.logFolder, 'broken.log')
    assert.match(body.detail, `broken cannot start (exit code 1); its log says why: ${logFile}`)
    assert.ok(existsSync(logFile))
    assert.match(readFileSync(logFile, 'utf8'), 'missing.ts')
  })

  it('answer 504 when the time of their Service is over', async () => {
    const { status: code, body } = await ask(emulator.url, host('slow'), '/?delay=3000')
    assert.is(code, 504)
    assert.is(body.code, 'time-limit')
  })
})

describe('functions that are kept warm', (it) => {
  it.after(endTesting)

  it('run from the start and do not sleep; stopping leaves none behind', async () => {
    const emulator = await start({ manifests: manifests({ 'a.yaml': service('x') }), isWarm: true })
    const [first] = emulator.status().x?.processes ?? []
    assert.ok(first)
    await sleep(8500)
    assert.is(emulator.status().x?.processes[0]?.pid, first.pid)
    await emulator.stop()
    assert.throws(() => process.kill(first.pid, 0), 'ESRCH')
  })
})
