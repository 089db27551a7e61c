import * as assert from 'uvu/assert'
import type { App } from '../../_runtime/app.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { asking } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { migrations } from '../migrations/index.ts'
import { start } from '../start.ts'

describe('the waiting room as a whole', (it) => {
  it.after(() => endTesting())

  it('answers without its database, and says that it is busy where it needs it', async () => {
    const env = await testEnv('waiting-room', migrations)
    const away = new URL(env.DATABASE_URL as string)
    away.port = '9'
    const loaded = start({ ...env, DATABASE_URL: away.href })
    const { ask, as } = asking(loaded.answer as unknown as App, 'waiting-room')
    assert.is((await ask('GET', '/ready')).status, 200)
    const customer = await as(newId())
    const { status, body } = await customer('GET', `/v1/waiting-room/${newId()}`)
    assert.equal([status, body.code], [503, 'busy'])
    assert.match((await ask('GET', '/metrics')).text, /waiting_room_admissions_total/)
    await loaded.close()
  })

  it('does not start with settings that are wrong, and says which', async () => {
    const env = await testEnv('waiting-room', migrations)
    for (const [name, value] of [
      ['ADMISSION_KEY', 'short'],
      ['CLAIM_SECONDS', '1'],
      ['HOT_EVENTS_MAX', '0'],
      ['STREAMS_MAX', 'many'],
      ['KEPT_HOURS', '0'],
    ] as const)
      assert.throws(
        () => start({ ...env, [name]: value }),
        (err: Error) => err.message.includes(name),
        name,
      )
  })
})
