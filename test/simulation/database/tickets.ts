import { createBase, toldOf } from './outbox.ts'
import { dateOf, refused, Table, unnest, type Engine, type Row } from './tables.ts'

/** The database of tickets. */
export function createTicketsDatabase(): Engine {
  const base = createBase()
  const table = () => new Table(base.journal)
  const own = { events: table(), ticket_orders: table(), tickets: table() }
  const tables = { ...own, tell: base.tell }
  const statements: Engine['statements'] = {
    ...base.statements,
    'event-keep': ([id, title, venue_name, city, starts, ends, version]) => {
      const known = own.events.get(id)
      const times = { starts_at: dateOf(starts), ends_at: dateOf(ends) }
      if (!known || known.version < version)
        own.events.put(id, { id, title, venue_name, city, ...times, version })
      return []
    },
    'orders-follow': (values, now) => follow(tables, values, now),
  }
  return { ...base, tables: { ...base.tables, ...own }, statements }
}

type Tables = Record<'events' | 'ticket_orders' | 'tickets', Table> & {
  tell: ReturnType<typeof createBase>['tell']
}

const orderColumns = 'order_id version status event_id event_title holder_id issued_id'
const lineColumns = 'item ticket_id seat_id label is_refunded'

function follow(tables: Tables, values: any[], now: Date): Row[] {
  const { ticket_orders } = tables
  const asked = unnest(orderColumns, values)
  const lines = unnest(lineColumns, values.slice(7))
  const told = toldOf(values.slice(12))
  const before = asked.map(({ order_id }) => ticket_orders.get(order_id))
  const live = tables.tickets.all()
  return asked.map((news, item) => {
    const own = lines.filter((line) => line.item === item)
    const known = before[item]
    const isKept = !known || known.version <= news.version
    const issued_id = known?.issued_id ?? news.issued_id
    if (!isKept) return { payload: null, issued_id: known?.issued_id ?? null, is_behind: false }
    const { order_id, version, status, event_title } = news
    ticket_orders.put(order_id, { order_id, version, status, event_title, issued_id })
    endTickets(tables, news, own, live)
    const isNew = issued_id !== null && issued_id === news.issued_id
    if (isNew) issue(tables, news, own, now)
    const row = isNew ? told.find(({ id }) => id === issued_id) : undefined
    const payload = row ? { ...row.payload, ...factsOf(tables, news) } : null
    if (row) tables.tell([{ ...row, payload }], now)
    const isBehind = issued_id !== null && (known?.issued_id ?? null) === null && !row
    return { payload, issued_id, is_behind: isBehind }
  })
}

/** Of the tickets that the statement found when it began. */
function endTickets({ tickets }: Tables, news: Row, lines: Row[], live: Row[]): void {
  for (const { id, order_id, seat_id, status, version } of live)
    if (
      order_id === news.order_id &&
      status !== 'CANCELLED' &&
      (news.status !== 'CONFIRMED' ||
        lines.some((line) => line.seat_id === seat_id && line.is_refunded))
    )
      tickets.change(id, { status: 'CANCELLED', version: version + 1 })
}

function issue({ tickets }: Tables, news: Row, lines: Row[], now: Date): void {
  const { order_id, event_id, holder_id } = news
  for (const { ticket_id: id, seat_id, label, is_refunded } of lines) {
    if (is_refunded || tickets.get(id)) continue
    if (tickets.some((one) => one.seat_id === seat_id && one.status !== 'CANCELLED'))
      throw refused('23505', 'tickets_live_seat')
    tickets.put(id, {
      id,
      order_id,
      event_id,
      seat_id,
      holder_id,
      label,
      status: 'ACTIVE',
      version: 1,
      is_imported: false,
      external_id: null,
      imported: null,
      issued_at: now,
    })
  }
}

function factsOf({ events }: Tables, { event_id }: Row): Row {
  const event = events.get(event_id)
  if (!event) return {}
  const { title, venue_name, city, starts_at } = event
  return {
    eventTitle: title,
    venueName: venue_name,
    city,
    startsAt: starts_at.toISOString(),
  }
}
