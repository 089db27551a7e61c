import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { addCounters, newCounters } from './counters.ts'
import { simulate } from './simulate.ts'

const worlds = 150

describe('the simulation', (it) => {
  it('is the same for the same seed, and another for another', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const first = await simulate(seed, { isTraced: true })
      const second = await simulate(seed, { isTraced: true })
      assert.equal(second.trace, first.trace)
      assert.is(second.hash, first.hash)
      assert.is.not((await simulate(seed + 1)).hash, first.hash)
    }
  })

  it('is the same whatever ran before it in the process', async () => {
    const { hash } = await simulate(7)
    await simulate(8)
    await simulate(9)
    assert.is((await simulate(7)).hash, hash)
  })

  it('goes well in worlds where everything fails', async () => {
    const counters = newCounters()
    for (let seed = 1; seed <= worlds; seed++) {
      const outcome = await simulate(seed)
      assert.equal(outcome.violations, [], `npm run simulate -- --seed ${seed} --trace`)
      addCounters(counters, outcome.counters)
    }
    for (const state of ['crash-midway', 'charge-unknown', 'statement-unknown', 'outage'] as const)
      assert.ok(counters[state] > 0, `never reached: ${state}`)
  })

  it('leaves the clock, chance and timers of its process as they were', async () => {
    await simulate(5)
    const start = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(Date.now() - start >= 15 && Date.now() - start < 60_000)
    assert.is.not(Math.random(), Math.random())
  })
})
