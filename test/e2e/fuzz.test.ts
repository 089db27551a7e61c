import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { checkLogs } from '../../scripts/chaos/checks/logs.ts'
import { fuzz } from '../fuzz/fuzz.ts'
import { operations } from '../fuzz/operations.ts'
import { openWorld, settings } from '../fuzz/world.ts'
import { openMarket, type Market } from './market.ts'

describe('whatever is asked of the API', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket({ settings })))
  it.after(() => market.close())

  it('is answered as contracts/openapi.json promises, by every operation', async () => {
    const seed = Math.floor(Math.random() * 2 ** 30)
    const report = await fuzz(market.url, await openWorld(market), { seed, msMax: 20_000 })
    const { failures, statuses } = report
    assert.equal(
      failures.map(({ operation, wrong, curl }) => `${operation}: ${wrong}\n${curl}`),
      [],
      `npm run fuzz -- --seed ${seed}`,
    )
    assert.is(Object.keys(statuses).length, operations.length)
    assert.equal(checkLogs({ ...market, stack: market }), [], 'what they wrote down')
    const taken = Object.values(statuses).filter((counts) =>
      Object.keys(counts).some((status) => status < '400'),
    )
    assert.ok(taken.length > operations.length / 2, `only ${taken.length} took anything`)
  })
})
