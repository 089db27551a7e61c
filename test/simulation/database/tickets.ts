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

const orderColumns = 'order_id version status event_title issued_id'
const issuingColumns = 'order_id event_id holder_id'
const lineColumns = 'place ticket_id seat_id label'

function follow(tables: Tables, values: any[], now: Date): Row[] {
  const asked = unnest(orderColumns, values)
  const issuing = unnest(issuingColumns, values.slice(5))
  const news = toldOf(values.slice(8))
  const lines = unnest(lineColumns, values.slice(15))
  const before = asked.flatMap(({ order_id }) => tables.ticket_orders.get(order_id) ?? [])
  const kept = asked.flatMap((order) => keep(tables, order))
  endTickets(tables, kept, values.slice(19))
  const told = issuing.flatMap((order, i) => {
    const row = news[i] as Row
    if (!kept.some(({ issued_id }) => issued_id === row.id)) return []
    const own = lines.filter(({ place }) => place === i + 1)
    issue(tables, order, own, now)
    const payload = { ...row.payload, ...factsOf(tables, order) }
    return tables.tell([{ ...row, payload }], now)
  })
  const isFirst = (id: string) => told.some(({ aggregateid }) => aggregateid === id)
  const row =
    (kind: string) =>
    ({ order_id, issued_id }: Row) => ({
      kind,
      id: order_id,
      issued_id,
      payload: null,
    })
  return [
    ...kept.map(row('kept')),
    ...before.filter(({ order_id }) => !isFirst(order_id)).map(row('before')),
    ...told.map(({ id, payload }) => ({ kind: 'told', id, issued_id: null, payload })),
  ]
}

function keep({ ticket_orders }: Tables, order: Row): Row[] {
  const { order_id, version } = order
  const known = ticket_orders.get(order_id)
  if (known && known.version > version) return []
  const issued_id = known?.issued_id ?? order.issued_id
  return [ticket_orders.put(order_id, { ...order, issued_id })]
}

/** Of the tickets that the statement found when it began. */
function endTickets({ tickets }: Tables, kept: Row[], ending: string[][]): void {
  const [over = [], inPart = [], refunded = []] = ending
  for (const { id, order_id, status, version } of tickets.all())
    if (
      status !== 'CANCELLED' &&
      kept.some((order) => order.order_id === order_id) &&
      (over.includes(order_id) || (inPart.includes(order_id) && refunded.includes(id)))
    )
      tickets.change(id, { status: 'CANCELLED', version: version + 1 })
}

function issue({ tickets }: Tables, order: Row, lines: Row[], now: Date): void {
  const { order_id, event_id, holder_id } = order
  for (const { ticket_id: id, seat_id, label } of lines) {
    if (tickets.get(id)) continue
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
