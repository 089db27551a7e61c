import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import type { Autoscaling } from '../manifests/autoscaling.ts'
import { createScaler } from '../serving/scale.ts'

const settings: Autoscaling = {
  minScale: 0,
  maxScale: 10,
  activationScale: 1,
  inFlightPerProcess: 10,
  windowMs: 60_000,
  panicWindowMs: 6000,
  panicThreshold: 2,
  scaleDownDelayMs: 0,
  retentionMs: 0,
}

/** Plays loads, one a tick of 2 s, and gives how many processes were wanted after each; all are ready at once. */
function play(loads: number[], own: Partial<Autoscaling> = {}): number[] {
  const scaler = createScaler({ ...settings, ...own })
  let ready = 1
  return loads.map((load, tick) => {
    const nowMs = (tick + 1) * 2000
    scaler.observe(load, 2000, nowMs)
    return (ready = scaler.desired(ready, nowMs))
  })
}

const times = (count: number, load: number) => Array.from({ length: count }, () => load)

describe('the autoscaler', (it) => {
  it('wants as many processes as the average load of the window needs', () => {
    assert.equal(play(times(3, 15)), [2, 2, 2])
    assert.equal(play(times(3, 5)), [1, 1, 1])
  })

  it('follows a burst within the panic window, and takes nothing away before a window has passed', () => {
    const counts = play([...times(30, 5), ...times(3, 80), ...times(29, 5)])
    assert.is(counts[29], 1)
    assert.is(counts[32], 8)
    assert.is(counts[60], 8)
  })

  it('gives at most half of the processes back at once', () => {
    const counts = play([...times(5, 75), ...times(70, 0)])
    const fall = counts.slice(counts.lastIndexOf(8))
    assert.equal(fall.slice(0, 4), [8, 4, 2, 1])
    assert.is(fall.at(-1), 0)
  })

  it('stays within min-scale and max-scale', () => {
    assert.equal(play(times(2, 500), { maxScale: 3 }), [3, 3])
    assert.equal(play(times(40, 0), { minScale: 2 }).at(-1), 2)
  })

  it('keeps the highest count of the scale-down delay', () => {
    const own = { scaleDownDelayMs: 20_000, windowMs: 6000, panicWindowMs: 600 }
    const counts = play([15, ...times(12, 5)], own)
    assert.is(counts[8], 2)
    assert.is(counts[12], 1)
  })
})
