import * as assert from 'uvu/assert'
import type { App } from '../../_runtime/app.ts'
import { describe } from '../../_runtime/test.ts'
import { asking } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { migrations } from '../migrations/index.ts'
import { start } from '../start.ts'

describe('dead letters as a whole', (it) => {
  it.after(() => endTesting())

  it('answer without their database; what comes in is refused so that it is delivered again', async () => {
    const env = await testEnv('dead-letters', migrations)
    const away = new URL(env.DATABASE_URL as string)
    away.port = '9'
    const loaded = start({ ...env, DATABASE_URL: away.href })
    const { ask, deliver } = asking(loaded.answer as unknown as App, 'dead-letters')
    assert.is((await ask('GET', '/ready')).status, 200)
    const { status, body } = await deliver('com.example.any', 'one', {})
    assert.equal([status, body.code], [503, 'busy'])
    const metrics = await ask('GET', '/metrics')
    assert.is(metrics.status, 200)
    assert.match(metrics.text, /dead_letters_waiting/)
    await loaded.close()
  })

  it('do not start with settings that are wrong, and say which', async () => {
    const env = await testEnv('dead-letters', migrations)
    for (const [name, value] of [
      ['REPLAY_SECONDS', '60'],
      ['KEPT_MAX', '0'],
      ['KEPT_DAYS', 'never'],
    ] as const)
      assert.throws(
        () => start({ ...env, [name]: value }),
        (err: Error) => err.message.includes(name),
        name,
      )
  })
})
