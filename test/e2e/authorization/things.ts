import { newId } from '../../../functions/_runtime/ids.ts'
import { card, type Market } from '../market.ts'
import type { Caller, Callers } from './callers.ts'
import { askInside, patiently, until } from './door.ts'
import { secretsIn } from './secrets.ts'
import type { Thing } from './thing.ts'

export type Things = Awaited<ReturnType<typeof openThings>>
export type Kind = keyof Things['make']

const layout = {
  sections: [{ name: 'Stalls', priceZone: 'all', rows: [{ name: 'A', ranges: [[1, 400]] }] }],
}
const day = 86_400_000
export const newVenue = { name: 'The Hall', city: 'Pune', layout }
export const newEvent = (venueId: string) => ({
  title: 'A Play',
  type: 'Play',
  venueId,
  startsAt: new Date(Date.now() + 7 * day).toISOString(),
  endsAt: new Date(Date.now() + 8 * day).toISOString(),
  currency: 'INR',
  prices: { all: 50_000 },
})

/** Makes things through the API, as those do who own them. */
export async function openThings(market: Market, { organizer }: Callers) {
  const ask = async (whose: Caller, what: string, body?: unknown, more = {}) => {
    const [method = '', path = ''] = what.split(' ')
    const headers = { ...whose.headers, ...more }
    const answer = await patiently(() => market.ask(method, path, body, headers))
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${what} as ${whose.name}: ${answer.status} ${answer.text}`)
    return answer
  }
  const thing = (whose: Caller, id: string, more: Record<string, string> = {}): Thing => ({
    id,
    ownerId: whose.userId,
    more,
  })

  async function draft(whose: Caller) {
    const venue = await ask(whose, 'POST /v1/venues', newVenue)
    const { body } = await ask(whose, 'POST /v1/events', newEvent(venue.body.id))
    return thing(whose, body.id, { isDraft: 'true' })
  }
  async function event(whose: Caller) {
    const { id } = await draft(whose)
    await ask(whose, `POST /v1/events/${id}/publish`)
    for (const name of ['seating', 'orders', 'tickets', 'waiting-room'] as const)
      await until(`${name} knows the event`, async () => {
        const rows = await market.sql(name, 'select from events where id = $1', [id])
        return rows.length === 1
      })
    await until('the seats are there', async () => {
      const { body } = await market.ask('GET', `/v1/events/${id}`)
      return body.seatsGenerated !== null
    })
    return thing(whose, id)
  }

  // All customers buy here; what is done to other events costs them nothing.
  const sale = await event(organizer)
  const place = async (whose: Caller, how: object) => {
    const wish = { eventId: sale.id, quantity: 1, ...how }
    const { body } = await ask(whose, 'POST /v1/orders', wish, { 'idempotency-key': newId() })
    return body
  }
  async function order(whose: Caller) {
    const { id, payment, lines, holdId, total } = await place(whose, card('tok_ok'))
    const [{ seatId }] = lines
    const totalMinor = String(total.amountMinor)
    return thing(whose, id, { paymentId: payment.id, seatId, holdId, orderId: id, totalMinor })
  }
  const make = {
    venue: async (whose: Caller) =>
      thing(whose, (await ask(whose, 'POST /v1/venues', newVenue)).body.id),
    draft,
    event,
    async room(whose: Caller) {
      const made = await event(whose)
      await ask(whose, `PUT /v1/waiting-room/${made.id}`, {})
      return made
    },
    async seat() {
      const { body } = await market.ask('GET', `/v1/seats?eventId=${sale.id}&size=1`)
      return { id: body.items[0].id as string, more: {} }
    },
    order,
    async payment(whose: Caller) {
      const { more } = await order(whose)
      return thing(whose, more.paymentId as string, more)
    },
    async ticket(whose: Caller) {
      const { id } = await order(whose)
      let found = ''
      await until('the ticket', async () => {
        const { body } = await ask(whose, `GET /v1/tickets?orderId=${id}`)
        found = body.items[0]?.id ?? ''
        return found !== ''
      })
      return thing(whose, found)
    },
    async intent(whose: Caller) {
      const { id: orderId } = await place(whose, {})
      const { body } = await ask(whose, 'POST /v1/payments/intents', { orderId })
      return thing(whose, body.id, { orderId })
    },
    async hold(whose: Caller) {
      const wish = { eventId: sale.id, quantity: 1 }
      const { body } = await ask(whose, 'POST /v1/seats/reserve', wish)
      return thing(whose, body.holdId, { seatId: body.seats[0].id })
    },
    async apiKey(whose: Caller) {
      const { body } = await ask(whose, 'POST /v1/api-keys', {
        name: 'x',
        scopes: ['orders:read'],
      })
      return thing(whose, body.id, { apiKey: body.apiKey })
    },
    ...secretsIn(market),
    async deadLetter() {
      const type = 'dev.boxoffice.nobody.takes.v1'
      const eventId = newId()
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': eventId,
        'ce-source': '/functions/orders',
        'ce-type': type,
      }
      const { status, text } = await askInside(market, 'dead-letters', {
        method: 'POST',
        path: '/',
        headers,
        body: {},
      })
      if (status !== 204) throw new Error(`no dead letter was taken: ${text}`)
      const [row] = await market.sql(
        'dead-letters',
        'select id from dead_letters where event_id = $1',
        [eventId],
      )
      return { id: row.id as string, more: {} }
    },
    webhook: async () => ({ id: newId(), more: { key: market.secrets.webhookKey } }),
    nothing: async () => ({ id: newId(), more: {} }),
  } satisfies Record<string, (whose: Caller) => Promise<Thing>>
  return { make, sale }
}
