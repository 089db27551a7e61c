import { fork } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { askingBank, chargeOf, ledgerFolder, openBank, webhookKey } from './support.ts'

/** The bank as a process of its own, which can be killed. */
async function spawnBank(ledger: string) {
  const child = fork(join(import.meta.dirname, '../main.ts'), {
    env: { PORT: '0', HOST: '127.0.0.1', LEDGER: ledger, WEBHOOK_KEY: webhookKey },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const { port } = await new Promise<{ port: number }>((resolve) => child.once('message', resolve))
  const end = (signal: NodeJS.Signals) =>
    new Promise<number | null>((resolve) => {
      child.once('exit', (code) => resolve(code))
      child.kill(signal)
    })
  return { ask: askingBank({ url: `http://127.0.0.1:${port}` }), end }
}

describe('a bank that is started again', (it) => {
  it('has every charge and refund that it ever answered, after kill -9', async () => {
    const ledger = ledgerFolder()
    const before = await spawnBank(ledger.path)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        before.ask('POST', '/charges', chargeOf('tok_ok'), `key-${i}`),
      ),
    )
    const chargeId = answers[0]?.body.id
    await before.ask('POST', '/refunds', { chargeId, amountMinor: 500 }, 'refund')
    await before.ask('POST', '/charges/never/cancel')
    await before.end('SIGKILL')

    const after = await spawnBank(ledger.path)
    for (const [i, { text }] of answers.entries())
      if (i > 0)
        assert.is((await after.ask('POST', '/charges', chargeOf('tok_ok'), `key-${i}`)).text, text)
    assert.is((await after.ask('GET', '/charges/key-0')).body.refundedMinor, 500)
    assert.is((await after.ask('POST', '/charges', chargeOf('tok_ok'), 'never')).status, 409)
    assert.is((await after.ask('POST', '/charges', chargeOf('tok_ok', 1), 'key-1')).status, 422)
    assert.is(await after.end('SIGTERM'), 0)
    ledger.remove()
  })

  it('cuts off half a line that a crash left, and goes on after the last whole one', async () => {
    const ledger = ledgerFolder()
    const before = await openBank(ledger.path)
    await askingBank(before)('POST', '/charges', chargeOf('tok_ok'), 'whole')
    await before.close()
    const whole = ledger.read()
    appendFileSync(ledger.path, whole.slice(0, -20).replace('"seq":1', '"seq":2'))

    const after = await openBank(ledger.path)
    assert.is(ledger.read(), whole)
    await askingBank(after)('POST', '/charges', chargeOf('tok_ok'), 'next')
    const { body } = await askingBank(after)('GET', '/ledger')
    assert.equal(
      body.entries.map(({ seq }: any) => seq),
      [1, 2],
    )
    await after.close()
    ledger.remove()
  })

  it('does not start on a ledger that is broken further up, and leaves it as it is', async () => {
    const ledger = ledgerFolder()
    const broken = '{"seq":1,"type":"key.cancelled","key":"a"}\nnonsense\n{"seq":3}\n'
    writeFileSync(ledger.path, broken)
    const start = await openBank(ledger.path).then(
      () => 'started',
      (err: Error) => err.message,
    )
    assert.match(start, 'line 2')
    assert.is(ledger.read(), broken)
    ledger.remove()
  })
})
