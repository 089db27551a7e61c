import type { Role } from '../../contracts/route.ts'
import { card, until, type Market } from '../e2e/market.ts'

export const password = 'correct horse battery'
type Person = Awaited<ReturnType<Market['person']>>
type Name = 'customer' | 'other' | 'leaver' | 'organizer' | 'admin'

/** Ids and names that mean something in this run, by kind. */
export type Pool = Awaited<ReturnType<typeof fillPool>>['pool']

const rolesOf: Record<Name, Role[]> = {
  customer: ['customer'],
  other: ['customer'],
  leaver: ['customer'],
  organizer: ['organizer'],
  admin: ['admin'],
}

/** Opens a sale, buys and holds some of it, and leaves drafts and accounts for those who destroy things. */
export async function fillPool(market: Market) {
  const [sale, spare] = [await market.openSale(20, 10), await market.openSale(4)]
  const people = await meet(market, sale.organizer)
  const { customer, other, organizer, admin } = people
  const { eventId, seatIds } = sale
  const [event, map, bought, waiting, others, hold] = [
    await admin.ask('GET', `/v1/events/${eventId}`),
    await admin.ask('GET', `/v1/seats/map?eventId=${eventId}`),
    await customer.order({ eventId, seatIds: seatIds.slice(0, 2), ...card('tok_ok') }),
    await customer.order({ eventId, seatIds: seatIds.slice(2, 3) }),
    await other.order({ eventId, seatIds: seatIds.slice(3, 4), ...card('tok_ok') }),
    await customer.ask('POST', '/v1/seats/reserve', { eventId, quantity: 2 }),
  ]
  const halls = await each(4, () => organizer.ask('POST', '/v1/venues', hall))
  const draft = { ...event.body, venueId: halls[0] }
  const drafts = await each(8, () => organizer.ask('POST', '/v1/events', draftOf(draft)))
  const victims = await each(4, (i) => register(market, `victim${i}`))
  const intent = await customer.ask('POST', '/v1/payments/intents', { orderId: waiting.body.id })
  const key = await customer.ask('POST', '/v1/api-keys', { name: 'a', scopes: ['orders:read'] })
  const tickets = await ticketsOf(customer)
  const dead = await deadLetter(market, admin)
  await until('the waiting room has heard of the event', async () => {
    const path = `/v1/waiting-room/${spare.eventId}`
    return (await spare.organizer.ask('PUT', path, {})).status === 200
  })
  const pool = {
    // Now and then the hot one, which nobody is let into.
    event: [eventId, eventId, eventId, spare.eventId],
    venue: [String(event.body.venueId)],
    seat: seatIds,
    label: map.body.labels as string[],
    section: ['Stalls', 'Balcony'],
    zone: ['all', 'cheap'],
    means: ['tok_ok', 'tok_ok', 'tok_ok', 'tok_declined', 'tok_insufficient_funds', 'tok_3ds'],
    order: [bought, others].map(({ body }) => String(body.id)),
    /** Also orders, but to be cancelled: tickets of the others stay good. */
    spent: [String(waiting.body.id)],
    payment: [bought, others].map(({ body }) => String(body.payment?.id)),
    intent: [String(intent.body.id)],
    hold: [String(hold.body.holdId)],
    ticket: tickets,
    file: tickets.map((id) => `${id}.png`),
    key: [String(key.body.id)],
    dead,
    hall: halls,
    hot: [spare.eventId],
    draft: [...drafts, spare.eventId],
    victim: victims,
    user: [customer.id, organizer.id, ...victims],
    email: ['customer@example.com', 'victim0@example.com', 'nobody@example.com'],
  }
  return { people, pool }
}

async function meet(market: Market, organizer: Person) {
  let count = 0
  async function join(name: Name): Promise<Person> {
    const id = await register(market, count++ < 4 ? name : `${name}${count}`)
    await market.sql('users', 'update users set roles = $2 where id = $1', [id, rolesOf[name]])
    return market.person(rolesOf[name], id)
  }
  const people = {
    customer: await join('customer'),
    other: await join('other'),
    /** Erases himself, and another comes in his place: the others keep what they bought. */
    leaver: await join('leaver'),
    admin: await join('admin'),
    organizer,
    join,
    /** The same person, logged in anew. */
    again: (name: Name): Promise<Person> => market.person(rolesOf[name], people[name].id),
  }
  return people
}

async function register(market: Market, name: string): Promise<string> {
  const account = { email: `${name}@example.com`, password, name }
  const { status, body, text } = await market.ask('POST', '/v1/users', account)
  if (status !== 201) throw new Error(`no account for ${name}: ${text}`)
  return body.id
}

const each = async (count: number, work: (i: number) => Promise<string | { body: any }>) => {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const one = await work(i)
    ids.push(typeof one === 'string' ? one : String(one.body.id))
  }
  return ids
}

const hall = {
  name: 'A Hall',
  city: 'Pune',
  layout: {
    sections: [{ name: 'Stalls', priceZone: 'all', rows: [{ name: 'A', ranges: [[1, 5]] }] }],
  },
}

const draftOf = ({ venueId, startsAt, endsAt }: Record<string, unknown>) => ({
  title: 'A Draft',
  type: 'Play',
  venueId,
  startsAt,
  endsAt,
  currency: 'INR',
  prices: { all: 100 },
})

async function ticketsOf(person: Person): Promise<string[]> {
  let ids: string[] = []
  await until('the tickets are issued', async () => {
    const { body } = await person.ask('GET', '/v1/tickets')
    ids = (body?.items ?? []).map(({ id }: { id: string }) => id)
    return ids.length > 0
  })
  return ids
}

/** A CloudEvent without its signature: refused by everyone, and so a dead letter. */
async function deadLetter(market: Market, admin: Person): Promise<string[]> {
  await fetch(market.brokerUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'fuzz',
      'ce-source': '/functions/users',
      'ce-type': 'dev.boxoffice.user.erased.v1',
      'ce-subject': 'fuzz',
    },
    body: '{}',
  })
  let ids: string[] = []
  await until('the dead letter is there', async () => {
    const { body } = await admin.ask('GET', '/v1/dead-letters')
    ids = (body?.items ?? []).map(({ id }: { id: string }) => id)
    return ids.length > 0
  })
  return ids
}
