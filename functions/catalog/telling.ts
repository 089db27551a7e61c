import type { Sql } from '../_runtime/database.ts'
import type { Deps } from './deps.ts'
import { snapshotOf } from './snapshots.ts'
import type { EventRow } from './store/events.ts'

type News = 'created' | 'updated' | 'cancelled'

/** What a change did, and the events of which others are told. */
export type Change<Result> = { result: Result; told: EventRow[] }

/** Makes a change and tells of it, or neither: the CloudEvents are written in the change's own transaction. */
export async function telling<Result>(
  { database, outbox }: Deps,
  news: News,
  change: (tx: Sql) => Promise<Change<Result>>,
): Promise<Result> {
  const { done, rows } = await database.transaction(async (tx) => {
    const { result, told } = await change(tx)
    const events = told.map((event) =>
      outbox.row(`dev.boxoffice.event.${news}.v1`, event.id, snapshotOf(event)),
    )
    await outbox.write(tx, events)
    return { done: result, rows: events }
  })
  outbox.send(rows)
  return done
}

/** The event itself, where others know of it. */
export const toldOf = (event: EventRow | undefined): Change<EventRow | undefined> => ({
  result: event,
  told: event && event.status !== 'DRAFT' ? [event] : [],
})
