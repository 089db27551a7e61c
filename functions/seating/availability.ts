import type { Runtime } from '../_runtime/runtime.ts'
import { noteAvailability, recentlySold } from './store/events.ts'

/**
 * Tells catalog when the last seat of an event is sold, and when one is free again. It is display: nobody is
 * refused because of it. Counting at each sale would make all buyers of an event wait for one row, so it is
 * done behind the sales, at most a few times a second an event.
 */
export type Availability = {
  /** Seats of the event were sold, or came back. */
  changed(eventId: string): void
  /** Looks at the events again that an instance may have left when it died; gives how many it told of. */
  sweep(): Promise<number>
}

const gatherMs = 300
/** Longer than the time between two ticks of the clock. */
const recentSeconds = 1200

export function createAvailability({
  database,
  outbox,
  log,
}: Pick<Runtime, 'database' | 'outbox' | 'log'>): Availability {
  const due = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  async function note(eventIds: string[]): Promise<number> {
    const rows = await database.transaction(async (tx) => {
      const noted = await noteAvailability(tx, eventIds)
      const events = noted.map(({ event_id, is_sold_out, availability_version, total, unsold }) =>
        outbox.row(
          is_sold_out ? 'dev.boxoffice.seats.soldout.v1' : 'dev.boxoffice.seats.available.v1',
          event_id,
          { eventId: event_id, version: availability_version, total, unsold },
        ),
      )
      await outbox.write(tx, events)
      return events
    })
    outbox.send(rows)
    return rows.length
  }

  function look(): void {
    timer = undefined
    const eventIds = [...due]
    due.clear()
    note(eventIds).catch((err: unknown) =>
      log.warn({ err }, 'availability is told of later, by the sweep'),
    )
  }

  return {
    changed(eventId) {
      due.add(eventId)
      timer ??= setTimeout(look, gatherMs)
    },
    async sweep() {
      const events = await recentlySold(database, recentSeconds)
      return note(events.map(({ event_id }) => event_id))
    },
  }
}
