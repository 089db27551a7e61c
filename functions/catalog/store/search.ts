import type { EventStatus, eventSorts } from '../../../contracts/catalog.ts'
import type { Sql } from '../../_runtime/database.ts'
import { eventColumns, type EventRow } from './events.ts'
import { binding, listStatement, pageOf, type Listed } from './lists.ts'
import { statusOf } from './predicates.ts'
import { venueColumns, type VenueRow } from './venues.ts'

export type EventSearch = {
  city?: string | undefined
  type?: string | undefined
  status?: EventStatus | undefined
  /** Each must occur somewhere. */
  words: string[]
  from?: string | undefined
  to?: string | undefined
  /** Whose events, where they are one organizer's. */
  organizerId?: string | undefined
  withDrafts: boolean
  sort: (typeof eventSorts)[number]
  page: number
  size: number
}

/** One page of the events that match, and how many there are. */
export async function listEvents(sql: Sql, search: EventSearch) {
  const { values, ...list } = eventList(search)
  return pageOf(await sql.query<Listed<EventRow>>(list, values))
}

const sortColumns = { startsAt: 'starts_at', title: 'title_key', createdAt: 'created_at' }

/** The statement of `listEvents`. */
export function eventList(search: EventSearch) {
  const { words, sort, page, size } = search
  const { values, bind } = binding()
  const conditions = words.map((word) => `e.search_text like containing(${bind(word)})`)
  const given = (value: string | undefined, condition: (place: string) => string) =>
    value === undefined ? undefined : conditions.push(condition(bind(value)))

  if (!search.withDrafts) conditions.push(`e.status <> 'DRAFT'`)
  given(search.organizerId, (id) => `e.organizer_id = ${id}`)
  given(search.city, (city) => `e.city_key = folded(${city})`)
  given(search.type, (type) => `e.type_key = folded(${type})`)
  given(search.status, (status) => `${statusOf('e')} = ${status}`)
  given(search.from, (from) => `e.starts_at >= ${from}`)
  given(search.to, (to) => `e.starts_at <= ${to}`)

  return listStatement({
    table: 'events',
    columns: eventColumns('e'),
    conditions,
    values,
    sort: sortColumns[sort.replace('-', '') as keyof typeof sortColumns],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    isDear: words.length > 0,
    page,
    size,
  })
}

export type VenueSearch = {
  city?: string | undefined
  words: string[]
  page: number
  size: number
}

/** One page of the venues that match, by name, and how many there are. */
export async function listVenues(sql: Sql, { city, words, page, size }: VenueSearch) {
  const { values: given, bind } = binding()
  const conditions = words.map((word) => `e.search_text like containing(${bind(word)})`)
  if (city !== undefined) conditions.push(`e.city_key = folded(${bind(city)})`)
  const { values, ...list } = listStatement({
    table: 'venues',
    columns: venueColumns('e'),
    conditions,
    values: given,
    sort: 'name_key',
    direction: 'asc',
    isDear: false,
    page,
    size,
  })
  return pageOf(await sql.query<Listed<Omit<VenueRow, 'layout'>>>(list, values))
}
