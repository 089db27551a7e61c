import type { Hold } from '../../contracts/seating.ts'
import { merged } from '../_runtime/merge.ts'
import { Problem } from '../_runtime/problem.ts'
import { bestSeats } from './best-seats.ts'
import type { Deps } from './deps.ts'
import { holdSeats, type Wish } from './hold-seats.ts'
import { findSale } from './store/events.ts'
import { readFree, type FreeSeat } from './store/seats.ts'

/** Holds the best seats that are free; nobody is refused while seats are left. */
export type HoldBest = (deps: Deps, wish: Wish) => Promise<Hold>

/** Undefined: others were faster, look again. */
type Tried = Hold | Problem | undefined

const triesMax = 40

/**
 * Many buyers want the best seats at the same moment, and all would choose the same ones. So the buyers of
 * one event who meet in this process choose one after the other from one list, each among what the ones
 * before left, and then hold at the same time. Against buyers of other instances, and those who name their
 * seats, the guard and the statement decide as always; who loses there looks again.
 */
export function createHoldBest(): HoldBest {
  const queues = new Map<string, { push: (wish: Wish) => Promise<Tried>; waiting: number }>()

  return async (deps, wish) => {
    const { eventId } = wish
    const queue = queues.get(eventId) ?? {
      push: merged((wishes: Wish[]) => holdAll(deps, wishes), {
        inFlightMax: 1,
        mayRetry: () => false,
      }),
      waiting: 0,
    }
    queues.set(eventId, queue)
    queue.waiting += 1
    try {
      for (let tries = 0; tries < triesMax; tries++) {
        const tried = await queue.push(wish)
        if (tried instanceof Problem) throw tried
        if (tried) return tried
      }
    } finally {
      queue.waiting -= 1
      if (queue.waiting === 0) queues.delete(eventId)
    }
    throw new Problem('busy', 'Too many buyers are choosing seats at this moment; try again')
  }
}

async function holdAll(deps: Deps, wishes: Wish[]): Promise<Tried[]> {
  const chosen = await choose(deps, wishes)
  return Promise.all(
    wishes.map(async (wish, i): Promise<Tried> => {
      const seats = chosen.seats[i]
      if (!seats) return tooFew(deps, wish, chosen.left)
      try {
        return await holdSeats(deps, wish, seats)
      } catch (err) {
        if (!(err instanceof Problem)) throw err
        return err.code === 'seat-taken' ? undefined : err
      }
    }),
  )
}

const seatsMax = 100_000

/** Chooses for each wish in turn. Reads a part of the free seats first, and all only where that is not enough. */
async function choose({ database }: Deps, wishes: Wish[]) {
  const [first] = wishes
  if (!first) throw new Error('nobody chooses')
  const quantities = wishes.map(({ choice }) => choice.quantity ?? 1)
  const wanted = quantities.reduce((sum, quantity) => sum + quantity, 0)
  const sections = new Set(wishes.map(({ choice }) => choice.section))
  const section = sections.size === 1 ? (first.choice.section ?? null) : null
  for (let limit = 200 + wanted * 4; ; limit = seatsMax) {
    const free = await readFree(database, first.eventId, section, limit)
    const seats = chooseInTurn(free, wishes)
    const isAll = free.length < limit || limit === seatsMax
    if (isAll || seats.every(Boolean)) return { seats, left: free.length }
  }
}

function chooseInTurn(free: FreeSeat[], wishes: Wish[]): (string[] | undefined)[] {
  const gone = new Set<string>()
  return wishes.map(({ choice: { quantity = 1, section } }) => {
    const open = free.filter((seat) => !gone.has(seat.id) && (!section || seat.section === section))
    const ids = bestSeats(open, quantity)?.map(({ id }) => id)
    for (const id of ids ?? []) gone.add(id)
    return ids
  })
}

async function tooFew(
  { database }: Deps,
  { eventId, choice }: Wish,
  left: number,
): Promise<Problem> {
  const event = await findSale(database, eventId)
  if (!event) return new Problem('not-found', `There is no event ${eventId}`)
  if (!event.is_on_sale)
    return new Problem('event-not-on-sale', 'Seats of this event cannot be had at the moment')
  const where = choice.section ? ` in ${choice.section}` : ''
  return new Problem('not-enough-seats', `There are not ${choice.quantity} seats left${where}`, {
    left,
  })
}
