import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { describe } from '../../_runtime/test.ts'
import { priceOf, refundOf, taxOf } from '../money.ts'
import { compensations, decide, isOver, isSettled, phaseOf, registered } from '../saga.ts'
import { transitions, type Effect, type Input, type State, type Step } from '../saga.ts'
import { createWorld, fates, type World } from './saga-world.ts'

const start: State = { status: 'HELD', closing: null, reason: null }

/** Feeds inputs one after the other; gives the last state and all effects on the way. */
function run(state: State, inputs: Input[]) {
  const effects: Effect[] = []
  for (const input of inputs) {
    const decision = decide(state, input)
    state = decision.state
    effects.push(...decision.effects)
  }
  return { state, effects }
}

const bare = (
  'resume unknown reserved paid action unpaid voided allocated lost event-cancelled expired cancel ' +
  'made-whole give-back given-back'
).split(' ') as Exclude<Input['type'], 'refused' | 'declined'>[]
const anyInput = fc.constantFrom<Input>(
  ...bare.map((type) => ({ type })),
  { type: 'refused', reason: 'seat-taken' },
  { type: 'declined', reason: 'declined' },
)
const anyStart = fc.constantFrom<State>(start, { ...start, status: 'PENDING' })
const anyState = fc
  .tuple(anyStart, fc.array(anyInput, { maxLength: 20 }))
  .map(([first, inputs]) => run(first, inputs).state)

describe('the table of the saga', (it) => {
  it('buys: charge, allocate, confirmed', () => {
    const inputs: Input[] = [{ type: 'resume' }, { type: 'paid' }, { type: 'allocated' }]
    const { state, effects } = run(start, inputs)
    assert.is(state.status, 'CONFIRMED')
    assert.equal(effects, ['charge', 'allocate'])
  })

  it('releases the seats of a declined payment and keeps the reason', () => {
    const { state, effects } = run(start, [{ type: 'declined', reason: 'insufficient_funds' }])
    assert.equal(state, { status: 'FAILED', closing: null, reason: 'insufficient_funds' })
    assert.equal(effects, ['release'])
  })

  it('writes down that the money goes back before it does, when the seats are lost', () => {
    const lost = run(start, [{ type: 'paid' }, { type: 'lost' }])
    assert.equal(lost.state, { status: 'PAID', closing: 'FAILED', reason: 'seats-lost' })
    assert.equal(lost.effects, ['allocate', 'free', 'void'])
    const end = run(lost.state, [{ type: 'unknown' }, { type: 'resume' }, { type: 'made-whole' }])
    assert.equal(end.state, { status: 'FAILED', closing: null, reason: 'seats-lost' })
    assert.equal(end.effects, ['free', 'void', 'release'])
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

  it('undoes what takes effect after the end: a hold, a payment, an allocation', () => {
    for (const status of ['FAILED', 'EXPIRED', 'CANCELLED'] as const)
      for (const [type, step] of [
        ['reserved', 'reserve'],
        ['paid', 'charge'],
        ['allocated', 'allocate'],
      ] as const) {
        const state: State = { status, closing: null, reason: null }
        assert.equal(decide(state, { type }), { state, effects: [compensations[step]] })
      }
  })

  it('registers what undoes a step before the step begins', () => {
    for (const { to, effects } of transitions)
      for (const step of effects.filter((effect): effect is Step => effect in compensations))
        assert.ok(registered[to].includes(compensations[step]), `${step} in ${to}`)
  })

  it('undoes, at an end without seats, what was registered, in reverse', () => {
    const endings = transitions.filter(({ from }) => ['PENDING', 'HELD', 'PAID'].includes(from))
    for (const { from, on, to, effects } of endings) {
      const all = registered[from].toReversed()
      if (to === 'CLOSING') assert.equal([...effects, 'release'], all, `${from}, ${on}`)
      // declined is a no for ever: there is no money to make whole, and nothing was sold
      else if (['FAILED', 'CANCELLED'].includes(to))
        assert.equal(effects, on === 'declined' ? ['release'] : all, `${from}, ${on}`)
    }
    for (const { on, effects } of transitions.filter(({ from }) => from === 'CLOSING'))
      if (on === 'made-whole') assert.equal(effects, ['release'])
  })

  it('changes nothing on an unknown answer, in any state', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        assert.equal(decide(state, { type: 'unknown' }), { state, effects: [] })
      }),
    )
  })

  it('takes the same input twice as once', () => {
    fc.assert(
      fc.property(anyState, anyInput, (state, input) => {
        const once = decide(state, input)
        const twice = decide(once.state, input)
        assert.equal(twice.state, once.state)
        for (const effect of twice.effects) assert.ok(once.effects.includes(effect), effect)
      }),
      { numRuns: 2000 },
    )
  })

  it('never leaves an end, whatever comes in whatever order, and closes only to the end that was decided', () => {
    fc.assert(
      fc.property(anyState, fc.array(anyInput, { maxLength: 10 }), (first, inputs) => {
        let state = first
        for (const input of inputs) {
          const { state: next } = decide(state, input)
          if (isSettled(state) && state.status !== 'CONFIRMED') assert.is(next.status, state.status)
          if (state.status === 'CONFIRMED')
            assert.ok(['CONFIRMED', 'REFUNDING'].includes(next.status))
          if (state.closing && !next.closing) assert.is(next.status, state.closing)
          if (state.status === 'REFUNDING')
            assert.ok(['REFUNDING', 'REFUNDED'].includes(next.status))
          assert.ok(phaseOf(next) in registered)
          state = next
        }
      }),
      { numRuns: 2000 },
    )
  })
})

/** Whoever works on the order may die at any call, be slow, or not be the only one. */
describe('an order in a world that loses answers', (it) => {
  const anyFate = fc.oneof(
    { weight: 2, arbitrary: fc.constant('answered' as const) },
    fc.constantFrom(...fates),
  )
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.nat(3), anyFate).map(stepOf) },
    fc
      .constantFrom<Input['type']>('resume', 'expired', 'cancel', 'event-cancelled', 'paid')
      .map((type) => (world: World) => {
        // news is true: nobody says that it was paid where it was not
        if (type !== 'paid' || world.look().withUs) world.begin({ type } as Input)
      }),
    fc.nat(3).map((which) => (world: World) => world.arrive(which)),
    fc.constantFrom<(world: World) => void>(
      (world) => world.runOut(),
      (world) => world.sellToAnother(),
      (world) => world.cancelEvent(),
    ),
  )
  function stepOf([which, fate]: [number, (typeof fates)[number]]) {
    return (world: World) => world.step(which, fate)
  }

  /** Nothing fails any more: the slow ones end, and the sweep takes up what stands. */
  function quiet(world: World): void {
    for (let i = 0; i < 100 && !(world.isIdle() && world.isSettled()); i++) {
      world.arrive(0)
      if (world.isIdle()) world.begin(world.due())
      world.step(0, 'answered')
    }
  }

  it('ends with its seats and paid, or without them and with its money back', () => {
    const reached = new Set<string>()
    fc.assert(
      fc.property(
        fc.constantFrom<'PENDING' | 'HELD'>('PENDING', 'HELD'),
        fc.boolean(),
        fc.array(command, { maxLength: 40 }),
        (first, isPayable, commands) => {
          const world = createWorld(first, isPayable)
          world.begin({ type: 'resume' })
          for (const act of commands) act(world)
          quiet(world)
          const { stored, withUs, isSold } = world.look()
          assert.ok(isSettled(stored), `${phaseOf(stored)} is no end`)
          assert.equal(
            [withUs, isSold],
            stored.status === 'CONFIRMED' ? [true, true] : [false, false],
          )
          reached.add(stored.status)
          if (isOver(stored) && stored.reason) reached.add(stored.reason)
        },
      ),
      { numRuns: 20_000 },
    )
    const hard = ['CONFIRMED', 'EXPIRED', 'CANCELLED', 'seats-lost', 'event-cancelled']
    for (const state of hard) assert.ok(reached.has(state), `never ${state}`)
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
