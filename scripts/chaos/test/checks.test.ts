import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { overlapsOf, type Having } from '../checks/seats.ts'
import { lieOf } from '../client.ts'
import { leastOf, missedOf } from '../counters.ts'
import { createRandom } from '../random.ts'
import { drawSchedule, faults } from '../schedule.ts'

const had = (who: string, fromMs: number, untilMs: number, seatId = 'A-1'): Having => ({
  seatId,
  who,
  fromMs,
  untilMs,
  by: `order of ${who}`,
})

describe('the history of a seat', (it) => {
  it('is in order where one comes after the other, whatever the others do', () => {
    const history = [had('ann', 0, 10), had('bob', 10, 20), had('cid', 5, 8, 'A-2')]
    assert.equal(overlapsOf(history), [])
  })

  it('cannot be where two had it at the same time', () => {
    const [first, second] = [had('ann', 0, 10), had('bob', 9, 20)]
    assert.equal(overlapsOf([second, first]), [[first, second]])
  })

  it('cannot be where somebody had it all the while, whoever came and went in between', () => {
    const long = had('ann', 0, 100)
    const [early, late] = [had('bob', 10, 20), had('cid', 50, 60)]
    assert.equal(overlapsOf([late, early, long]), [
      [long, early],
      [long, late],
    ])
  })

  it('lets one person have his own seat twice: a hold, and the order that it became', () => {
    assert.equal(overlapsOf([had('ann', 0, 10), had('ann', 5, 20)]), [])
  })
})

describe('an answer', (it) => {
  const problem = new Headers({ 'content-type': 'application/problem+json' })
  const answer = (status: number, body?: unknown, headers = problem) =>
    lieOf({ status, body, headers })

  it('is honest where it says what to do', () => {
    const detail = 'The database did not answer in time; try again'
    assert.is(answer(503, { code: 'busy', detail }), undefined)
    assert.is(answer(409, { code: 'seat-taken', detail }), undefined)
    assert.is(answer(201, {}, new Headers()), undefined)
    assert.is(answer(0), undefined)
  })

  it('is none where it is a 500, or says nothing, or sends somebody away who may come', () => {
    const detail = 'The request was not completed'
    assert.is(answer(500, { code: 'internal', detail }), 'status 500')
    assert.is(answer(503, undefined, new Headers()), '503 without problem+json')
    assert.is(answer(503, { code: 'busy', detail: '' }), 'no detail')
    assert.is(answer(401, { code: 'not-signed-in', detail }), '401 to somebody who may')
  })
})

describe('a schedule', (it) => {
  const names = Object.keys(faults)
  const draw = (seed: number) => drawSchedule(createRandom(seed, 'schedule'), 60, names)

  it('is the same for the same seed, and another for another', () => {
    assert.equal(draw(7), draw(7))
    assert.not.equal(draw(7), draw(8))
  })

  it('comes to every fault in ten minutes', () => {
    const drawn = drawSchedule(createRandom(1, 'schedule'), 600, names)
    assert.equal([...new Set(drawn.map(({ fault }) => fault))].toSorted(), names.toSorted())
  })
})

describe('the counters', (it) => {
  const counters = { kills: { count: 3, perMinute: 12, needs: ['kill'] } }

  it('are missed where a state was not reached as often as the seconds ask for', () => {
    assert.equal(missedOf(counters, 15, ['kill']), [])
    assert.equal(missedOf(counters, 60, ['kill']), ['kills: 3, at least 12 wanted'])
  })

  it('ask only for what the faults of the run can bring', () => {
    assert.equal(missedOf(counters, 60, ['redis-flush']), [])
  })

  it('let a short run be without what is rare', () => assert.is(leastOf(0.5, 90), 0))
})
