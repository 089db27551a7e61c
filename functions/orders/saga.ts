import type { OrderStatus } from '../../contracts/orders.ts'

/**
 * Buying a ticket, as a table: in which phase an order is, what may come to it, and what follows. No I/O, no
 * clock, no chance: `drive.ts` performs the effects and brings their results back as inputs.
 *
 * Rules that the table keeps:
 * - No answer is not a no. `unknown` changes nothing; the step is asked again, under the same id.
 * - What undoes a step is registered before the step begins: see `registered`.
 * - What an order ends in is written down before anything is undone: CLOSING is stored before the money is
 *   made whole, REFUNDING before it is given back.
 * - Every step is idempotent by the order's id, so an input may come twice, and late.
 */
export type Closing = 'FAILED' | 'EXPIRED' | 'CANCELLED'

/** CLOSING is HELD or PAID with the end already decided: only what was done is still to be undone. */
export type Phase = OrderStatus | 'CLOSING'

export type Input =
  | { type: 'resume' }
  | { type: 'unknown' }
  | { type: 'reserved' }
  | { type: 'refused'; reason: string }
  | { type: 'paid' }
  | { type: 'declined'; reason: string }
  | { type: 'action' }
  | { type: 'unpaid' }
  | { type: 'voided' }
  | { type: 'allocated' }
  | { type: 'lost' }
  | { type: 'event-cancelled' }
  | { type: 'expired' }
  | { type: 'cancel' }
  | { type: 'made-whole' }
  | { type: 'give-back' }
  | { type: 'given-back' }

/** `reserve` holds the seats; `charge` takes the money; `allocate` sells the seats. */
export type Step = 'reserve' | 'charge' | 'allocate'

/**
 * `release` gives up the hold for ever; `void` makes sure that no money is and will be with us; `free` takes back
 * sold seats. Each changes nothing where its step never took effect, and keeps a step that is still on its
 * way from taking effect later.
 */
export type Compensation = 'release' | 'void' | 'free'

/** `find` asks whether the money was taken; `refund` gives the money of sold seats back. */
export type Effect = Step | Compensation | 'find' | 'refund'

export const compensations = {
  reserve: 'release',
  charge: 'void',
  allocate: 'free',
} as const satisfies Record<Step, Compensation>

/**
 * What is to be undone, in reverse, should the order not be confirmed: written down by the row of an order that
 * is stored in this phase, before the step itself may begin. PAID is not stored on the way, so HELD stands for
 * the allocation too. A hold without a row undoes itself when its time is over.
 */
export const registered: Readonly<Record<Phase, readonly Compensation[]>> = {
  PENDING: ['release'],
  HELD: ['release', 'void', 'free'],
  PAID: ['release', 'void', 'free'],
  CLOSING: ['release', 'void', 'free'],
  CONFIRMED: [],
  REFUNDING: [],
  REFUNDED: [],
  FAILED: [],
  EXPIRED: [],
  CANCELLED: [],
}

export type Transition = {
  from: Phase
  on: Input['type']
  to: Phase
  /** What a CLOSING order ends in, and why. */
  closing?: Closing
  reason?: string
  /** In this order. At most one of them brings the next input. */
  effects: readonly Effect[]
}

/** The end is decided, the hold still stands: until the money is whole, nothing says that the order is over. */
const close = (from: Phase, on: Input['type'], closing: Closing, reason?: string): Transition => ({
  from,
  on,
  to: 'CLOSING',
  closing,
  ...(reason === undefined ? {} : { reason }),
  effects: ['free', 'void'],
})

/** Late news: what took effect after the end is undone. It is resumed only where that had no answer. */
const late = (end: Closing): Transition[] => [
  { from: end, on: 'resume', to: end, effects: ['void'] },
  { from: end, on: 'reserved', to: end, effects: ['release'] },
  { from: end, on: 'paid', to: end, effects: ['void'] },
  { from: end, on: 'allocated', to: end, effects: ['free'] },
]

export const transitions: readonly Transition[] = [
  { from: 'PENDING', on: 'resume', to: 'PENDING', effects: ['reserve'] },
  { from: 'PENDING', on: 'reserved', to: 'HELD', effects: ['charge'] },
  { from: 'PENDING', on: 'refused', to: 'FAILED', effects: ['release'] },
  { from: 'PENDING', on: 'cancel', to: 'CANCELLED', effects: ['release'] },

  { from: 'HELD', on: 'resume', to: 'HELD', effects: ['charge'] },
  { from: 'HELD', on: 'paid', to: 'PAID', effects: ['allocate'] },
  { from: 'HELD', on: 'action', to: 'HELD', effects: [] },
  { from: 'HELD', on: 'declined', to: 'FAILED', effects: ['release'] },
  { from: 'HELD', on: 'expired', to: 'HELD', effects: ['find'] },
  close('HELD', 'unpaid', 'EXPIRED', 'expired'),
  close('HELD', 'voided', 'FAILED', 'voided'),
  close('HELD', 'event-cancelled', 'FAILED', 'event-cancelled'),
  close('HELD', 'cancel', 'CANCELLED'),

  { from: 'PAID', on: 'resume', to: 'PAID', effects: ['allocate'] },
  { from: 'PAID', on: 'paid', to: 'PAID', effects: ['allocate'] },
  { from: 'PAID', on: 'allocated', to: 'CONFIRMED', effects: [] },
  close('PAID', 'lost', 'FAILED', 'seats-lost'),
  close('PAID', 'event-cancelled', 'FAILED', 'event-cancelled'),

  { from: 'CLOSING', on: 'resume', to: 'CLOSING', effects: ['free', 'void'] },
  { from: 'CLOSING', on: 'paid', to: 'CLOSING', effects: ['free', 'void'] },
  { from: 'CLOSING', on: 'allocated', to: 'CLOSING', effects: ['free'] },
  { from: 'CLOSING', on: 'made-whole', to: 'FAILED', closing: 'FAILED', effects: ['release'] },
  { from: 'CLOSING', on: 'made-whole', to: 'EXPIRED', closing: 'EXPIRED', effects: ['release'] },
  {
    from: 'CLOSING',
    on: 'made-whole',
    to: 'CANCELLED',
    closing: 'CANCELLED',
    effects: ['release'],
  },

  { from: 'CONFIRMED', on: 'give-back', to: 'REFUNDING', effects: ['refund'] },
  { from: 'REFUNDING', on: 'resume', to: 'REFUNDING', effects: ['refund'] },
  { from: 'REFUNDING', on: 'given-back', to: 'REFUNDED', effects: [] },

  ...late('FAILED'),
  ...late('EXPIRED'),
  ...late('CANCELLED'),
]

export type State = { status: OrderStatus; closing: Closing | null; reason: string | null }

export type Decision = { state: State; effects: readonly Effect[] }

export const phaseOf = ({ status, closing }: State): Phase => (closing ? 'CLOSING' : status)

/** Total: what the table does not name changes nothing. */
export function decide(state: State, input: Input): Decision {
  const found = transitionOf(state, input)
  if (!found) return { state, effects: [] }
  const { to, closing = state.closing, effects } = found
  const reason = ('reason' in input ? input.reason : found.reason) ?? state.reason
  if (to === 'CLOSING') return { state: { ...state, closing, reason }, effects }
  return { state: { status: to, closing: null, reason }, effects }
}

/** False for what comes too late or a second time: the order goes by what it knows already. */
export const isNews = (state: State, input: Input): boolean =>
  transitionOf(state, input) !== undefined

function transitionOf(state: State, input: Input): Transition | undefined {
  const phase = phaseOf(state)
  return transitions.find(
    ({ from, on, closing }) =>
      from === phase &&
      on === input.type &&
      (phase !== 'CLOSING' || !closing || closing === state.closing),
  )
}

/**
 * True where the new state must be stored before its effects begin: it registers what undoes them, or says
 * how the order ends. From such a recovery point the sweep goes on after a crash.
 */
export const isRecoveryPoint = (stored: State, next: State): boolean =>
  phaseOf(stored) !== phaseOf(next) && ['HELD', 'CLOSING'].includes(phaseOf(next))

/** Nothing more can follow of itself. */
export const isSettled = (state: State): boolean =>
  !['PENDING', 'HELD', 'PAID', 'CLOSING', 'REFUNDING'].includes(phaseOf(state))

/** Came to an end in which no seat was sold: late news is undone. */
export const isOver = (state: State): boolean =>
  ['FAILED', 'EXPIRED', 'CANCELLED'].includes(phaseOf(state))
