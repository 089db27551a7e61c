import { decide, isOver, isRecoveryPoint, isSettled } from '../saga.ts'
import type { Effect, Input, State } from '../saga.ts'

/** How a call between functions may go; `delayed` takes effect when somebody thinks of it last. */
export const fates = ['answered', 'lost', 'unanswered', 'delayed', 'crash', 'crash-after'] as const
export type Fate = (typeof fates)[number]

type Asking = Exclude<Effect, 'release' | 'free' | 'refund'>
const isAsking = (effect: Effect): effect is Asking =>
  effect !== 'release' && effect !== 'free' && effect !== 'refund'

/** One that works on the order, as `drive.ts` does: what it has read, and what came to it. */
type Driver = { version: number; read: State; state: State; input: Input }

/**
 * The smallest world around the table: one order's row, its hold and seats, its money, and any number of drivers,
 * each of which may die or be slow at any call. What has been told is in `log`.
 */
export function createWorld(start: 'PENDING' | 'HELD', isPayable: boolean) {
  let version = 1
  let stored: State = { status: start, closing: null, reason: null }
  const drivers: Driver[] = []
  const delayed: Asking[] = []
  const begun = new Set<Effect>()
  const money = { taken: false, back: false, isVoided: false }
  const seats = { hold: start === 'HELD' ? 'held' : 'none', isSold: false, areAnothers: false }
  let isEventCancelled = false

  const giveUp = (): void => {
    seats.hold = 'given-up'
    seats.isSold = false
  }

  const act: Record<Asking, () => Input> = {
    reserve() {
      if (seats.hold === 'none' && !seats.areAnothers) seats.hold = 'held'
      return seats.hold === 'held' ? { type: 'reserved' } : { type: 'refused', reason: 'hold-lost' }
    },
    charge() {
      if (money.isVoided) return { type: 'voided' }
      if (!isPayable) return { type: 'declined', reason: 'declined' }
      money.taken = true
      return { type: 'paid' }
    },
    find: () => ({ type: money.taken && !money.back ? 'paid' : 'unpaid' }),
    void() {
      money.isVoided = true
      money.back = money.taken
      return { type: 'made-whole' }
    },
    allocate() {
      if (isEventCancelled) return { type: 'event-cancelled' }
      if (seats.hold === 'given-up' || seats.areAnothers) return { type: 'lost' }
      seats.isSold = true
      return { type: 'allocated' }
    },
  }

  /** True where the driver may go on. Its call may have been made though it dies. */
  function call(driver: Driver, effect: Asking, fate: Fate): boolean {
    begun.add(effect)
    if (fate === 'crash') return false
    if (fate === 'delayed') delayed.push(effect)
    const input = fate === 'lost' || fate === 'delayed' ? undefined : act[effect]()
    driver.input = fate === 'answered' && input ? input : { type: 'unknown' }
    return fate !== 'crash-after'
  }

  /** Gives the driver that goes on in its place, if any. */
  function turn(driver: Driver, fate: Fate): Driver | undefined {
    const { state, effects } = decide(driver.state, driver.input)
    const effect = effects.find(isAsking)
    driver.state = state
    if (!effect || isRecoveryPoint(driver.read, state)) {
      if (version !== driver.version) {
        const isLate = isOver(stored) && decide(stored, driver.input).effects.length > 0
        return isLate ? { ...driver, version, read: stored, state: stored } : undefined
      }
      if (state.status === 'CONFIRMED' && isEventCancelled) {
        const paid: State = { ...state, status: 'PAID' }
        return { ...driver, state: paid, input: { type: 'event-cancelled' } }
      }
      stored = driver.read = state
      version = driver.version += 1
      if (!effect) {
        if (effects.includes('release') || effects.includes('free')) giveUp()
        return undefined
      }
    }
    if (effects.includes('free')) giveUp()
    return call(driver, effect, fate) ? driver : undefined
  }

  return {
    begin: (input: Input) => void drivers.push({ version, read: stored, state: stored, input }),
    step(which: number, fate: Fate) {
      if (drivers.length === 0) return
      const place = which % drivers.length
      const next = turn(drivers[place] as Driver, fate)
      drivers.splice(place, 1, ...(next ? [next] : []))
    },
    arrive(which: number) {
      const [effect] = delayed.splice(which % Math.max(1, delayed.length), 1)
      if (effect) act[effect]()
    },
    runOut() {
      if (seats.hold === 'held' && !seats.isSold) seats.hold = 'over'
    },
    sellToAnother() {
      if (seats.hold !== 'held' && !seats.isSold) seats.areAnothers = true
    },
    cancelEvent: () => void (isEventCancelled = true),
    /** What the sweep brings to an order that was left standing. */
    due: (): Input => {
      const isHoldOver = stored.status === 'HELD' && !stored.closing && seats.hold !== 'held'
      return { type: isHoldOver ? 'expired' : 'resume' }
    },
    isSettled: () => isSettled(stored),
    isIdle: () => drivers.length === 0 && delayed.length === 0,
    look: () => ({ stored, begun, withUs: money.taken && !money.back, ...seats }),
  }
}

export type World = ReturnType<typeof createWorld>
