import { recordAct } from '../_runtime/audit.ts'
import { inContext, remainingMs } from '../_runtime/context.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { takerNamed } from './destinations.ts'
import { findDeadLetter, settleAsDiscarded, type WholeRow } from './store/dead-letters.ts'
import { countWaiting } from './store/lists.ts'
import {
  claimReplay,
  endReplay,
  listReplayable,
  type Claimed,
  type Ended,
  type Filter,
} from './store/replays.ts'

/** What came of one replay, and the state that the dead letter has now. */
export type Replayed = Pick<Ended, 'outcome' | 'code' | 'detail'> & { id: string; state: string }

/** Kept from the caller's time for what has to be written down afterwards. */
const writeMs = 2000
/** Beyond a replay's own time, so that nobody takes it while its answer is written down. */
const leaseMoreMs = 10_000
const manyMsMax = 20_000
const atOnceMax = 4

/** Delivers one dead letter again. Throws where it does not wait, or somebody is just replaying it. */
export async function replayOne(
  deps: Deps,
  wanted: { id: string; by: string; again: boolean },
): Promise<void> {
  if (!(await tryReplay(deps, wanted))) throw await whyNot(deps, wanted.id)
}

/**
 * Delivers those that match again, four at a time, and begins no other when the time is nearly over. Whatever
 * somebody else is replaying is left to him.
 */
export async function replayMany(
  deps: Deps,
  { by, limit, ...filter }: Filter & { by: string; limit: number },
): Promise<{ items: Replayed[]; waiting: number }> {
  const endsAt = performance.now() + remainingMs(manyMsMax)
  const ids = await listReplayable(deps.database, filter, limit)
  const items: Replayed[] = []
  const work = async () => {
    while (ids.length > 0 && endsAt - performance.now() > 2 * writeMs) {
      const replayed = await tryReplay(deps, { id: ids.shift() as string, by, again: false })
      if (replayed) items.push(replayed)
    }
  }
  await Promise.all(Array.from({ length: atOnceMax }, work))
  return { items, waiting: await countWaiting(deps.database, filter) }
}

/** Settles one that need not be delivered any more. */
export async function discard(
  deps: Deps,
  wanted: { id: string; by: string; reason: string },
): Promise<void> {
  const { id, by, reason } = wanted
  const isSettled = await deps.database.transaction(async (tx) => {
    if (!(await settleAsDiscarded(tx, wanted))) return false
    await recordAct(tx, by, { act: 'dead-letter.discard', subject: id, reason })
    return true
  })
  if (!isSettled) throw await whyNot(deps, id)
  deps.log.info({ id: wanted.id, by: wanted.by }, 'a dead letter was discarded')
}

async function tryReplay(
  deps: Deps,
  { id, by, again }: { id: string; by: string; again: boolean },
): Promise<Replayed | undefined> {
  const timeoutMs = Math.min(deps.replayMs, remainingMs(Infinity) - writeMs)
  if (timeoutMs <= 0) throw new Problem('time-limit', 'The time for this request is over')
  const leaseSeconds = (timeoutMs + leaseMoreMs) / 1000
  const claim = { replayId: newId(), id, by, leaseSeconds, again }
  const claimed = await deps.database.transaction(async (tx) => {
    const taken = await claimReplay(tx, claim)
    if (taken) await recordAct(tx, by, { act: 'dead-letter.replay', subject: id })
    return taken
  })
  if (!claimed) return undefined
  // Outside the caller's deadline: what came of it is written down also where he has given up.
  return inContext({ correlationId: claimed.correlation_id }, () =>
    deliver(deps, claimed, timeoutMs),
  )
}

async function deliver(deps: Deps, claimed: Claimed, timeoutMs: number): Promise<Replayed> {
  const { database, log, measures, sender } = deps
  const { id, attributes, content_type: contentType, data, type, event_id: eventId } = claimed
  const to = takerNamed(claimed.function_name) ?? 'broker'
  const ended = await sender.send({ attributes, contentType, data }, to, timeoutMs)
  const state = await endReplay(database, claimed, ended)
  const { outcome, code, detail } = ended
  measures.replayed(outcome)
  log.info({ id, eventId, type, to, outcome, code }, 'a dead letter was replayed')
  return { id, state, outcome, code, detail }
}

async function whyNot({ database }: Deps, id: string): Promise<Problem> {
  const row = await findDeadLetter(database, id)
  if (!row) return noDeadLetter(id)
  // DEAD and not taken: the other replay ended this very moment.
  if (row.is_replaying || row.state === 'DEAD')
    return new Problem('replay-in-progress', 'Somebody is replaying it at this moment')
  return new Problem('dead-letter-settled', `It is ${row.state}`, { state: row.state })
}

export const noDeadLetter = (id: string): Problem =>
  new Problem('not-found', `There is no dead letter ${id}`)

export async function wholeDeadLetter({ database }: Deps, id: string): Promise<WholeRow> {
  const row = await findDeadLetter(database, id)
  if (!row) throw noDeadLetter(id)
  return row
}
