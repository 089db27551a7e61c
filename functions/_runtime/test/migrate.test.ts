import * as assert from 'uvu/assert'
import { migrate } from '../migrate.ts'
import { describe } from '../test.ts'
import { endTesting, testDatabase } from '../testing/services.ts'
import { migrations } from './support.ts'

describe('migrations', (it) => {
  it.after(() => endTesting())

  it('run once, and are told by name', async () => {
    const url = await testDatabase('orders', migrations)
    assert.equal(await migrate(url, migrations), [])
  })

  it('go over TLS where the address asks for it, and nowhere where the server has none', async () => {
    const url = new URL(await testDatabase('orders', migrations))
    url.searchParams.set('sslmode', 'require')
    const err = await migrate(url.href, migrations).catch((thrown: Error) => thrown)
    assert.match((err as Error).message, /SSL/)
  })
})
