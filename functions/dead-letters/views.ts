import { functionNames } from '../../contracts/functions.ts'
import {
  DeadLetterState,
  Replay,
  type DeadLetter,
  type WholeDeadLetter,
} from '../../contracts/dead-letters.ts'
import { isJson } from './cloud-event.ts'
import type { DeadLetterRow, ReplayRow, WholeRow } from './store/dead-letters.ts'
import type { Group } from './store/lists.ts'

const knownFunction = (name: string | null) => functionNames.find((known) => known === name) ?? null

/** A dead letter as lists show it. */
export const presentDeadLetter = (row: DeadLetterRow): DeadLetter => ({
  id: row.id,
  state: DeadLetterState.parse(row.state),
  event: { id: row.event_id, source: row.source, type: row.type, subject: row.subject },
  destination: row.destination,
  function: knownFunction(row.function_name),
  code: row.code,
  answer: row.answer?.toString() ?? null,
  times: row.times,
  firstReceivedAt: row.first_received_at.toISOString(),
  lastReceivedAt: row.last_received_at.toISOString(),
  diedAt: row.died_at.toISOString(),
  triedAt: row.tried_at?.toISOString() ?? null,
  isReplaying: row.is_replaying,
  settledAt: row.settled_at?.toISOString() ?? null,
  settledBy: row.settled_by,
  reason: row.reason,
  correlationId: row.correlation_id,
  dataBytes: row.data_bytes,
})

/** With its attributes, its data and what was tried. */
export const presentWhole = (row: WholeRow, replays: ReplayRow[]): WholeDeadLetter => ({
  ...presentDeadLetter(row),
  attributes: row.attributes,
  contentType: row.content_type,
  data: parsed(row),
  dataBase64: row.data.toString('base64'),
  replays: replays.map(presentReplay),
})

const presentReplay = (row: ReplayRow): Replay => ({
  id: row.id,
  by: row.by_id,
  via: Replay.shape.via.parse(row.via),
  startedAt: row.started_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  outcome: Replay.shape.outcome.parse(row.outcome),
  code: row.code,
  detail: row.detail,
})

function parsed({ content_type: contentType, data }: WholeRow): unknown {
  if (contentType === null || !isJson(contentType)) return null
  try {
    return JSON.parse(data.toString()) as unknown
  } catch {
    return null
  }
}

/** Counts by type, destination and code. */
export const presentGroups = (groups: Group[]) => ({
  items: groups.map((group) => ({
    type: group.type,
    destination: group.destination,
    function: knownFunction(group.function_name),
    code: group.code,
    count: Number(group.count),
    oldestAt: group.oldest_at.toISOString(),
  })),
  total: Number(groups[0]?.total ?? 0),
})
