import type { Entry } from '../../compose/bank/ledger.ts'
import type { Event } from '../../contracts/catalog.ts'
import type { Order } from '../../contracts/orders.ts'
import type { Session } from '../../contracts/users.ts'
import { ask, passes, until, type Asked } from './ask.ts'

export type Buyer = { email: string; token: string }

export type Sale = { eventId: string; seatIds: string[] }

const password = 'correct horse battery staple'
const rows = 80
const seatsOfRow = 50
const day = 86_400_000

/** Asks until it is answered, as a client does; throws where the answer is not the wanted one. */
export async function get<Body>(port: number, wanted: number, asked: Asked): Promise<Body> {
  for (let tries = 0; ; tries++) {
    const answer = await ask(port, asked)
    if (answer.status === wanted) return answer.body as Body
    if (!passes(answer) || tries === 60)
      throw new Error(
        `${asked.method ?? 'GET'} ${asked.path} answered ${answer.status}, not ${wanted}: ${JSON.stringify(answer.body)}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

export async function logIn(port: number, email: string, secret: string): Promise<string> {
  const body = { email, password: secret }
  const session = await get<Session>(port, 200, { method: 'POST', path: '/v1/auth/login', body })
  return session.accessToken
}

export async function register(port: number, name: string): Promise<Buyer> {
  const email = `${name.toLowerCase()}@buyers.example`
  await get(port, 201, { method: 'POST', path: '/v1/users', body: { email, password, name } })
  return { email, token: await logIn(port, email, password) }
}

/** An event that is on sale, once its seats are there and orders has heard of it. */
export async function openSale(port: number, admin: string): Promise<Sale> {
  const post = (path: string, wanted: number, body?: unknown) =>
    get<{ id: string }>(port, wanted, { method: 'POST', path, token: admin, body })
  const names = Array.from({ length: rows }, (_, i) => `R${i + 1}`)
  const venue = await post('/v1/venues', 201, {
    name: 'The Hall',
    city: 'Pune',
    layout: {
      sections: [
        {
          name: 'Stalls',
          priceZone: 'all',
          rows: names.map((name) => ({ name, ranges: [[1, seatsOfRow]] })),
        },
      ],
    },
  })
  const begins = Date.now() + 7 * day
  const { id: eventId } = await post('/v1/events', 201, {
    title: 'A Play',
    type: 'Play',
    venueId: venue.id,
    startsAt: new Date(begins).toISOString(),
    endsAt: new Date(begins + 7_200_000).toISOString(),
    currency: 'INR',
    prices: { all: 50_000 },
  })
  await post(`/v1/events/${eventId}/publish`, 200)
  const event = () => get<Event>(port, 200, { path: `/v1/events/${eventId}` })
  await until(
    'the seats of the event are there',
    async () => (await event()).seatsGenerated === rows * seatsOfRow,
    30,
  )
  const map = await get<{ ids: string[] }>(port, 200, { path: `/v1/seats/map?eventId=${eventId}` })
  return { eventId, seatIds: map.ids }
}

/** What the bank took and gave back, by order; it keeps its own ledger, so it can witness. */
export async function ledgerOf(
  port: number,
): Promise<Map<string, { taken: number[]; back: number }>> {
  const { entries } = await get<{ entries: Entry[] }>(port, 200, {
    path: '/ledger',
    host: 'bank.localhost',
  })
  const byOrder = new Map<string, { taken: number[]; back: number }>()
  const keyOf = new Map<string, string>()
  const of = (key: string) => {
    const known = byOrder.get(key) ?? { taken: [], back: 0 }
    byOrder.set(key, known)
    return known
  }
  for (const entry of entries) {
    if (entry.type === 'charge.created') keyOf.set(entry.charge.id, entry.charge.key)
    if (entry.type === 'charge.created' && entry.charge.status === 'succeeded')
      of(entry.charge.key).taken.push(entry.charge.amountMinor)
    if (entry.type === 'refund.created')
      of(keyOf.get(entry.refund.chargeId) ?? '').back += entry.refund.amountMinor
  }
  return byOrder
}

/** All orders of a buyer. */
export async function ordersOf(port: number, { token }: Buyer): Promise<Order[]> {
  const orders: Order[] = []
  for (let page = 1; ; page++) {
    const path = `/v1/orders?size=100&page=${page}`
    const { items, total } = await get<{ items: Order[]; total: number }>(port, 200, {
      path,
      token,
    })
    orders.push(...items)
    if (orders.length >= total || items.length === 0) return orders
  }
}
