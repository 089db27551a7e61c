import { createHash } from 'node:crypto'
import type { Sql } from '../_runtime/database.ts'
import type { Deps } from './deps.ts'
import { readPlaces } from './store/seats.ts'

export type SeatMapAnswer = { etag: string; body: () => Promise<string> }

/** Events whose places are kept in memory: they change only with a new version of the event. */
const eventsMax = 32
const places = new Map<string, { key: string; json: string }>()

/**
 * All seats of an event as columns. What does not change is kept as text and only the letters are read, one
 * statement whatever the number of seats. Undefined for an event that seating does not know.
 */
export async function seatMapOf(deps: Deps, eventId: string): Promise<SeatMapAnswer | undefined> {
  const now = await deps.readStatuses(eventId)
  if (!now) return undefined
  const key = [now.price_factor, now.seats_total, now.statuses.length].join()
  const etag = `"${createHash('sha1').update(key).update(now.statuses).digest('base64url')}"`
  return {
    etag,
    async body() {
      const kept = places.get(eventId)
      const json = kept?.key === key ? kept.json : await placesAsJson(deps.database, eventId)
      places.delete(eventId)
      places.set(eventId, { key, json })
      if (places.size > eventsMax) places.delete(places.keys().next().value ?? '')
      return `${json.slice(0, -1)},"statuses":"${now.statuses}"}`
    },
  }
}

async function placesAsJson(sql: Sql, eventId: string): Promise<string> {
  const rows = await readPlaces(sql, eventId)
  const sections = [...new Set(rows.map(({ section }) => section))]
  const numberOf = new Map(sections.map((section, i) => [section, i]))
  return JSON.stringify({
    eventId,
    currency: rows[0]?.currency ?? '',
    sections,
    ids: rows.map(({ id }) => id),
    labels: rows.map(({ label }) => label),
    section: rows.map(({ section }) => numberOf.get(section)),
    rows: rows.map(({ row }) => row),
    numbers: rows.map(({ number }) => number),
    pricesMinor: rows.map(({ price_minor }) => Number(price_minor)),
  })
}
