import * as assert from 'uvu/assert'
import { merged } from '../merge.ts'
import { describe } from '../test.ts'

const later = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms))

describe('merged', (it) => {
  it('sends calls of the same moment together, and those that arrive meanwhile in the next', async () => {
    const batches: number[][] = []
    const double = merged(
      async (items: number[]) => {
        batches.push(items)
        await later()
        return items.map((item) => item * 2)
      },
      { inFlightMax: 1, mayRetry: () => false },
    )
    const first = [1, 2].map(double)
    await later(2)
    const results = await Promise.all([...first, ...[3, 4].map(double)])
    assert.equal(results, [2, 4, 6, 8])
    assert.equal(batches, [
      [1, 2],
      [3, 4],
    ])
  })

  it('lets nobody wait for long behind a statement that waits itself', async () => {
    const began = performance.now()
    const echo = merged(
      async (items: number[]) => {
        await later(items.includes(1) ? 1000 : 1)
        return items
      },
      { mayRetry: () => false },
    )
    const slow = echo(1)
    await later(2)
    await echo(2)
    assert.ok(performance.now() - began < 900, 'the second waited for the first')
    await slow
  })

  it('begins no oftener than it is told, and has one that comes alone not wait', async () => {
    const batches: number[] = []
    const echo = merged(
      async (items: number[]) => {
        batches.push(items.length)
        return items
      },
      { everyMs: 200, mayRetry: () => false },
    )
    const began = performance.now()
    await echo(0)
    assert.ok(performance.now() - began < 150, 'the first waited')
    const others: Promise<number>[] = []
    for (let i = 1; i <= 10; i++) {
      others.push(echo(i))
      await later(1)
    }
    await Promise.all(others)
    assert.equal(batches, [1, 10])
    assert.ok(performance.now() - began >= 195, 'the second did not wait')
  })

  it('keeps its limits: items a statement, statements in flight', async () => {
    let inFlight = 0
    let inFlightSeen = 0
    const sizes: number[] = []
    const echo = merged(
      async (items: number[]) => {
        inFlightSeen = Math.max(inFlightSeen, ++inFlight)
        sizes.push(items.length)
        await later(60)
        inFlight -= 1
        return items
      },
      { itemsMax: 3, inFlightMax: 2, mayRetry: () => false },
    )
    await Promise.all(Array.from({ length: 20 }, (_, i) => echo(i)))
    assert.is(inFlightSeen, 2)
    assert.is(Math.max(...sizes), 3)
  })

  it('runs the items of a refused statement alone, so that one fails alone', async () => {
    const run = async (items: number[]) => {
      await later()
      if (items.includes(3)) throw new Error('refused')
      return items
    }
    const echo = merged(run, { inFlightMax: 1, mayRetry: () => true })
    const results = await Promise.allSettled([1, 2, 3, 4].map(echo))
    assert.equal(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    )
  })

  it('fails all items of a statement whose effect is unknown, and repeats none', async () => {
    let runs = 0
    const run = async (items: number[]) => {
      runs += 1
      await later()
      if (items.length > 1) throw new Error('connection lost')
      return items
    }
    const echo = merged(run, { inFlightMax: 1, mayRetry: () => false })
    const first = echo(1)
    await later(2)
    const results = await Promise.allSettled([first, echo(2), echo(3)])
    assert.equal(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    )
    assert.is(runs, 2)
  })

  it('never puts items that share a key into one statement, and keeps their order', async () => {
    const batches: string[][] = []
    const run = async (items: string[]) => {
      batches.push(items)
      await later()
      return items
    }
    const echo = merged(run, {
      inFlightMax: 1,
      mayRetry: () => false,
      keys: (item) => [item[0] as string],
    })
    await Promise.all(['a1', 'a2', 'b1', 'a3', 'b2'].map(echo))
    assert.equal(batches, [['a1', 'b1'], ['a2', 'b2'], ['a3']])
  })
})
