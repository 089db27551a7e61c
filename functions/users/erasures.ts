import { forgotten, shown, type Keeper } from '../../contracts/personal-data.ts'
import { CallFailed } from '../_runtime/calls.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { claimSteps, findErasure, noteAnswer, type Step } from './store/erasures.ts'

/** Whose open matters keep somebody: what is paid and not had, and an event that others have tickets for. */
const blocking = ['orders', 'catalog'] as const
const stepsAtOnce = 20

/**
 * Throws `erasure-blocked` while an order or an event of his is not over, `function-unreachable` where it is not
 * known. One that begins after the question is no harm: its function forgets him when it is over.
 */
export async function refuseWhileOpen(deps: Deps, userId: string): Promise<void> {
  const answers = await Promise.all(blocking.map((keeper) => showIn(deps, keeper, userId)))
  const open = answers.flatMap((answer) => answer.open)
  if (open.length > 0)
    throw new Problem('erasure-blocked', 'End or cancel first what is not over; open names it', {
      open,
    })
}

/** What a function keeps of him. Throws `function-unreachable`: part of it would look like all of it. */
export async function showIn({ calls }: Deps, keeper: Keeper, userId: string) {
  try {
    return (await calls(shown[keeper], { params: { id: userId } })).body
  } catch (err) {
    if (!(err instanceof CallFailed)) throw err
    throw new Problem('function-unreachable', `${keeper} did not say what it keeps`, {}, err)
  }
}

/**
 * Has the functions forget whom this one has erased; gives how many said that nothing is left. One that is down
 * is asked again, each time after twice as long, until it answers.
 */
export async function sweepErasures(deps: Deps): Promise<number> {
  const steps = await claimSteps(deps.database, stepsAtOnce)
  const done = await Promise.all(steps.map((step) => takeStep(deps, step)))
  return done.filter(Boolean).length
}

async function takeStep(deps: Deps, step: Step): Promise<boolean> {
  const { user_id: id, function_name: keeper } = step
  try {
    const { open } = (await deps.calls(forgotten[keeper], { params: { id } })).body
    await noteAnswer(deps.database, step, open.length)
    return open.length === 0
  } catch (err) {
    deps.log.warn({ err, keeper }, 'somebody is not forgotten yet; it is asked again')
    return false
  }
}

/** How far it is. Throws `not-found` for who was not erased. */
export async function readErasure({ database }: Deps, userId: string) {
  const rows = await findErasure(database, userId)
  const [first] = rows
  if (!first) throw new Problem('not-found', `There is no erased user ${userId}`)
  const ends = rows.map((row) => row.forgotten_at?.getTime() ?? Infinity)
  const end = Math.max(...ends)
  return {
    userId,
    askedAt: first.asked_at.toISOString(),
    forgottenAt: end === Infinity ? null : new Date(end).toISOString(),
    functions: rows.map((row) => ({
      function: row.function_name,
      forgottenAt: row.forgotten_at?.toISOString() ?? null,
      open: row.open,
      attempts: row.attempts,
    })),
  }
}
