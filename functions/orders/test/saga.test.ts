import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { describe } from '../../_runtime/test.ts'
import { priceOf, refundOf, taxOf } from '../money.ts'
import { decide, isSettled, transitions, type Input, type State } from '../saga.ts'

const start: State = { status: 'HELD', closing: null, reason: null }

/** Feeds inputs one after the other; gives the last state and all effects on the way. */
function run(state: State, inputs: Input[]) {
  const effects: (string | null)[] = []
  for (const input of inputs) {
    const decision = decide(state, input)
    state = decision.state
    effects.push(decision.effect)
  }
  return { state, effects }
}

describe('the table of the saga', (it) => {
  it('buys: charge, allocate, confirmed', () => {
    const { state, effects } = run(start, [
      { type: 'resume' },
      { type: 'paid' },
      { type: 'allocated' },
    ])
    assert.is(state.status, 'CONFIRMED')
    assert.equal(effects, ['charge', 'allocate', null])
  })

  it('releases the seats of a declined payment and keeps the reason', () => {
    const { state, effects } = run(start, [{ type: 'declined', reason: 'insufficient_funds' }])
    assert.equal(state, { status: 'FAILED', closing: null, reason: 'insufficient_funds' })
    assert.equal(effects, ['release'])
  })

  it('writes down that the money goes back before it does, when the seats are lost', () => {
    const lost = run(start, [{ type: 'paid' }, { type: 'lost' }])
    assert.equal(lost.state, { status: 'PAID', closing: 'FAILED', reason: 'seats-lost' })
    assert.is(lost.effects.at(-1), 'void')
    const end = run(lost.state, [{ type: 'unknown' }, { type: 'resume' }, { type: 'made-whole' }])
    assert.equal(end.state, { status: 'FAILED', closing: null, reason: 'seats-lost' })
    assert.equal(end.effects, [null, 'void', 'release'])
  })

  it('asks whether it was paid before an order runs out', () => {
    assert.equal(run(start, [{ type: 'expired' }]).effects, ['find'])
    assert.is(
      run(start, [{ type: 'expired' }, { type: 'paid' }, { type: 'allocated' }]).state.status,
      'CONFIRMED',
    )
    const over = run(start, [{ type: 'expired' }, { type: 'unpaid' }, { type: 'made-whole' }])
    assert.is(over.state.status, 'EXPIRED')
  })

  it('gives money back that comes after the end', () => {
    for (const status of ['FAILED', 'EXPIRED', 'CANCELLED'] as const) {
      const late = decide({ status, closing: null, reason: null }, { type: 'paid' })
      assert.equal(late, { state: { status, closing: null, reason: null }, effect: 'void' })
    }
  })

  it('changes nothing on an unknown answer, in any state', () => {
    for (const { from } of transitions) {
      const state: State =
        from === 'CLOSING' ? { ...start, closing: 'FAILED' } : { ...start, status: from }
      assert.equal(decide(state, { type: 'unknown' }), { state, effect: null })
    }
  })

  it('never leaves an end, whatever comes in whatever order', () => {
    const input = fc.constantFrom<Input>(
      ...(
        [
          'resume',
          'unknown',
          'reserved',
          'paid',
          'action',
          'unpaid',
          'voided',
          'allocated',
          'lost',
        ] as const
      ).map((type) => ({ type })),
      ...(['event-cancelled', 'expired', 'cancel', 'made-whole'] as const).map((type) => ({
        type,
      })),
      { type: 'refused', reason: 'seat-taken' },
      { type: 'declined', reason: 'declined' },
    )
    fc.assert(
      fc.property(
        fc.constantFrom<'PENDING' | 'HELD'>('PENDING', 'HELD'),
        fc.array(input, { maxLength: 20 }),
        (status, inputs) => {
          let state: State = { ...start, status }
          for (const one of inputs) {
            const { state: next } = decide(state, one)
            if (isSettled(state)) assert.is(next.status, state.status)
            if (state.closing && !next.closing) assert.is(next.status, state.closing)
            state = next
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('money', (it) => {
  it('is 5 % tax on the sum of the lines, rounded half up once', () => {
    assert.equal(priceOf([68_328, 73_328]), {
      subtotalMinor: 141_656,
      taxMinor: 7083,
      totalMinor: 148_739,
    })
    assert.is(taxOf(10), 1)
    assert.is(taxOf(9), 0)
    assert.is(taxOf(0), 0)
  })

  it('gives back in parts exactly what was paid, however an order is taken apart', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 10 }),
        fc.infiniteStream(fc.nat()),
        (prices, picks) => {
          const { totalMinor } = priceOf(prices)
          const lines = [...prices]
          let refundedMinor = 0
          while (lines.length > 0) {
            lines.splice((picks.next().value as number) % lines.length, 1)
            const back = refundOf({ totalMinor, refundedMinor, staying: lines })
            assert.ok(back >= 0)
            refundedMinor += back
          }
          assert.is(refundedMinor, totalMinor)
        },
      ),
    )
  })
})
