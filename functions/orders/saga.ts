import type { OrderStatus } from '../../contracts/orders.ts'

/**
 * Buying a ticket, as a table: in which phase an order is, what may come to it, and what follows. No I/O, no
 * clock, no chance: `drive.ts` performs the effects and brings their results back as inputs.
 *
 * Rules that the table keeps:
 * - No answer is not a no. `unknown` changes nothing; the step is asked again, under the same id.
 * - Whatever may have to be undone is written down first: CLOSING is stored before the money is made whole,
 *   REFUNDING before it is given back.
 * - Every step is idempotent by the order's id, so an input may come twice, and late.
 */
export type Closing = 'FAILED' | 'EXPIRED' | 'CANCELLED'

/** CLOSING is HELD or PAID with the end already decided: only the money is still to be made whole. */
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

/**
 * `reserve` holds the seats; `charge` takes the money; `find` asks whether it was taken; `allocate` sells the
 * seats; `void` makes sure that no money is and will be with us; `release` gives up the hold; `refund` gives
 * the money of sold seats back.
 */
export type Effect = 'reserve' | 'charge' | 'find' | 'allocate' | 'void' | 'release' | 'refund'

export type Transition = {
  from: Phase
  on: Input['type']
  to: Phase
  /** What a CLOSING order ends in, and why. */
  closing?: Closing
  reason?: string
  effect?: Effect
}

export const transitions: readonly Transition[] = [
  { from: 'PENDING', on: 'resume', to: 'PENDING', effect: 'reserve' },
  { from: 'PENDING', on: 'reserved', to: 'HELD', effect: 'charge' },
  { from: 'PENDING', on: 'refused', to: 'FAILED' },
  { from: 'PENDING', on: 'cancel', to: 'CLOSING', closing: 'CANCELLED', effect: 'void' },

  { from: 'HELD', on: 'resume', to: 'HELD', effect: 'charge' },
  { from: 'HELD', on: 'paid', to: 'PAID', effect: 'allocate' },
  { from: 'HELD', on: 'action', to: 'HELD' },
  { from: 'HELD', on: 'declined', to: 'FAILED', effect: 'release' },
  { from: 'HELD', on: 'expired', to: 'HELD', effect: 'find' },
  {
    from: 'HELD',
    on: 'unpaid',
    to: 'CLOSING',
    closing: 'EXPIRED',
    reason: 'expired',
    effect: 'void',
  },
  {
    from: 'HELD',
    on: 'voided',
    to: 'CLOSING',
    closing: 'FAILED',
    reason: 'voided',
    effect: 'void',
  },
  { from: 'HELD', on: 'cancel', to: 'CLOSING', closing: 'CANCELLED', effect: 'void' },

  { from: 'PAID', on: 'resume', to: 'PAID', effect: 'allocate' },
  { from: 'PAID', on: 'paid', to: 'PAID', effect: 'allocate' },
  { from: 'PAID', on: 'allocated', to: 'CONFIRMED' },
  {
    from: 'PAID',
    on: 'lost',
    to: 'CLOSING',
    closing: 'FAILED',
    reason: 'seats-lost',
    effect: 'void',
  },
  {
    from: 'PAID',
    on: 'event-cancelled',
    to: 'CLOSING',
    closing: 'FAILED',
    reason: 'event-cancelled',
    effect: 'void',
  },

  { from: 'CLOSING', on: 'resume', to: 'CLOSING', effect: 'void' },
  { from: 'CLOSING', on: 'paid', to: 'CLOSING', effect: 'void' },
  { from: 'CLOSING', on: 'made-whole', to: 'FAILED', closing: 'FAILED', effect: 'release' },
  { from: 'CLOSING', on: 'made-whole', to: 'EXPIRED', closing: 'EXPIRED', effect: 'release' },
  { from: 'CLOSING', on: 'made-whole', to: 'CANCELLED', closing: 'CANCELLED', effect: 'release' },

  { from: 'CONFIRMED', on: 'give-back', to: 'REFUNDING', effect: 'refund' },
  { from: 'REFUNDING', on: 'resume', to: 'REFUNDING', effect: 'refund' },
  { from: 'REFUNDING', on: 'given-back', to: 'REFUNDED' },

  // Late news: money that comes after the end goes back, a hold that comes after it is given up.
  { from: 'FAILED', on: 'paid', to: 'FAILED', effect: 'void' },
  { from: 'EXPIRED', on: 'paid', to: 'EXPIRED', effect: 'void' },
  { from: 'CANCELLED', on: 'paid', to: 'CANCELLED', effect: 'void' },
  { from: 'FAILED', on: 'reserved', to: 'FAILED', effect: 'release' },
  { from: 'EXPIRED', on: 'reserved', to: 'EXPIRED', effect: 'release' },
  { from: 'CANCELLED', on: 'reserved', to: 'CANCELLED', effect: 'release' },
]

export type State = { status: OrderStatus; closing: Closing | null; reason: string | null }

export type Decision = { state: State; effect: Effect | null }

export const phaseOf = ({ status, closing }: State): Phase => (closing ? 'CLOSING' : status)

/** Total: what the table does not name changes nothing. */
export function decide(state: State, input: Input): Decision {
  const phase = phaseOf(state)
  const found = transitions.find(
    ({ from, on, closing }) =>
      from === phase &&
      on === input.type &&
      (phase !== 'CLOSING' || !closing || closing === state.closing),
  )
  if (!found) return { state, effect: null }
  const reason = ('reason' in input ? input.reason : found.reason) ?? state.reason
  const effect = found.effect ?? null
  if (found.to === 'CLOSING')
    return { state: { ...state, closing: found.closing ?? state.closing, reason }, effect }
  return { state: { status: found.to, closing: null, reason }, effect }
}

/** Nothing more can follow of itself. */
export const isSettled = (state: State): boolean =>
  !['PENDING', 'HELD', 'PAID', 'CLOSING', 'REFUNDING'].includes(phaseOf(state))
