import { createHash } from 'node:crypto'
import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { drawOf } from '../draw.ts'
import { estimateSeconds, pollAfterSeconds, tellAfterMs } from '../estimate.ts'
import type { Progress } from '../queue.ts'
import { presentPlace } from '../views.ts'

const key = Buffer.alloc(32, 1)
const seedOf = (name: string) => createHash('sha256').update(name).digest()
const nameOf = (i: number) => `018f${i.toString(16).padStart(8, '0')}`

describe('the draw', (it) => {
  const count = 20_000
  const draws = Array.from({ length: count }, (_, i) => drawOf(key, seedOf('one'), nameOf(i)))

  it('is the same for the same room and person, and another with another seed, key or person', () => {
    const draw = drawOf(key, seedOf('one'), 'somebody')
    assert.is(drawOf(key, seedOf('one'), 'somebody'), draw)
    assert.ok(draw >= 0 && draw < 1)
    for (const other of [
      drawOf(key, seedOf('two'), 'somebody'),
      drawOf(Buffer.alloc(32, 2), seedOf('one'), 'somebody'),
      drawOf(key, seedOf('one'), 'somebody else'),
    ])
      assert.is.not(other, draw)
  })

  it('favours no part of those who came: chi-square over 20 by 20 cells', () => {
    // Who came in which twentieth, against the twentieth that he was drawn into: 361 degrees of freedom.
    const ranks = [...draws.keys()].toSorted((a, b) => (draws[a] ?? 0) - (draws[b] ?? 0))
    const cells = Array.from({ length: 400 }, () => 0)
    ranks.forEach((arrival, rank) => {
      const cell = Math.floor((arrival * 20) / count) * 20 + Math.floor((rank * 20) / count)
      cells[cell] = (cells[cell] ?? 0) + 1
    })
    const expected = count / 400
    const chiSquare = cells.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0)
    // The 99.9 % quantile of chi-square with 361 degrees of freedom is 448; far below would be no chance either.
    assert.ok(chiSquare > 280 && chiSquare < 448, String(chiSquare))
    // The twin: in the order of coming every cell off the diagonal is empty.
    assert.ok(20 * (count / 20 - expected) ** 2 > 448 * expected)
  })

  it('tells nothing of when somebody came, nor of who came before or after him', () => {
    const correlation = (pairs: [number, number][]) => {
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
      const [x, y] = [mean(pairs.map(([a]) => a)), mean(pairs.map(([, b]) => b))]
      const of = (f: (a: number, b: number) => number) =>
        pairs.reduce((sum, [a, b]) => sum + f(a - x, b - y), 0)
      return of((a, b) => a * b) / Math.sqrt(of((a) => a * a) * of((_, b) => b * b))
    }
    // Four standard errors of the correlation of 20,000 independent pairs.
    const most = 4 / Math.sqrt(count)
    assert.ok(Math.abs(correlation(draws.map((draw, i) => [i, draw]))) < most)
    assert.ok(Math.abs(correlation(draws.slice(1).map((draw, i) => [draws[i] ?? 0, draw]))) < most)
  })

  it('has two people on one place hardly ever', () => {
    assert.is(new Set(draws).size, count)
  })
})

const progress = (more: Partial<Progress>): Progress => ({
  isOpen: true,
  joined: 1000,
  called: 100,
  calledLastMinute: 60,
  admitted: 10,
  returned: 0,
  openForMs: 600_000,
  calledNow: 0,
  ...more,
})

describe('an estimate', (it) => {
  it('goes by the pace of the last minute, or of as long as the queue is open', () => {
    assert.is(estimateSeconds(0, progress({})), 1)
    assert.is(estimateSeconds(599, progress({})), 600)
    assert.is(estimateSeconds(599, progress({ calledLastMinute: 600 })), 60)
    assert.is(estimateSeconds(599, progress({ openForMs: 30_000 })), 300)
  })

  it('is none where nothing was measured', () => {
    for (const more of [{ isOpen: false }, { calledLastMinute: 0 }, { openForMs: 9999 }])
      assert.is(estimateSeconds(10, progress(more)), null)
  })

  it('says when to ask again, and when to tell again: between limits, less often far behind', () => {
    assert.equal(
      [0, 100, 400, 99_999].map((s) => pollAfterSeconds(s, 0)),
      [2, 5, 20, 60],
    )
    assert.equal(
      [1000, 100_000, 9_999_999].map((ms) => pollAfterSeconds(null, ms)),
      [2, 10, 60],
    )
    assert.is(pollAfterSeconds(null, 0), 10)
    assert.equal(
      [0, 400, 99_999].map((s) => tellAfterMs(s)),
      [1000, 20_000, 45_000],
    )
    assert.is(tellAfterMs(null), 45_000)
  })

  it('stands beside a position that is the place less all who were called, and behind who is back', () => {
    const room: any = { event_id: 'one', opens_at: null }
    const at = (place: number, more: Partial<Progress> = {}) =>
      presentPlace({
        room,
        userId: '',
        counts: true,
        progress: progress(more),
        standing: { state: 'waiting', number: 1, place },
      })
    assert.equal([at(100).position, at(100).before, at(150).position], [1, 0, 51])
    assert.is(at(150, { returned: 3 }).before, 53)
    assert.is(at(50).before, 0)
    assert.equal([at(150, { isOpen: false }).position, at(150).estimatedSeconds], [null, 51])
    assert.equal(at(150).counts, {
      joined: 1000,
      waiting: 900,
      called: 100,
      admitted: 10,
      perMinute: 60,
    })
  })
})
