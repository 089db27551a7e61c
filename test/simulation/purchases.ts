import { newId } from '../../functions/_runtime/ids.ts'
import { orderIdOf } from '../../functions/orders/ids.ts'
import { ask, type Reply } from './browser.ts'
import type { Market } from './market.ts'

/** One order under one key, with all that its buyer has been told. */
export type Purchase = {
  buyerId: string
  key: string
  orderId: string
  holdId: string
  isAsync: boolean
  /** What it is paid with; undefined where it is paid later. */
  token: string | undefined
  body: Record<string, unknown>
  replies: Reply[]
}

const tokens = [
  'tok_ok',
  'tok_ok',
  'tok_ok',
  'tok_ok',
  'tok_declined',
  'tok_3ds',
  'tok_slow',
  'tok_timeout',
]

/** What a buyer is going to order; nothing where he gave up before. */
export async function prepareOrder(market: Market, buyerId: string): Promise<Purchase | undefined> {
  const { chance } = market.world
  const { eventId } = market
  const key = newId()
  const orderId = orderIdOf(buyerId, key)
  const isAsync = chance.is(0.2)
  const token = chance.is(0.25) ? undefined : chance.pick(tokens)
  const payment = token && { method: 'CARD', token }
  const choice = await choose(market, buyerId)
  if (!choice) return undefined
  const holdId = typeof choice.holdId === 'string' ? choice.holdId : orderId
  const body = { eventId, ...choice, ...(payment ? { payment } : {}) }
  return { buyerId, key, orderId, holdId, isAsync, token, body, replies: [] }
}

/** Seats by name, as many as he wants, or those that he holds already. */
async function choose(
  market: Market,
  buyerId: string,
): Promise<Record<string, unknown> | undefined> {
  const { world, seatIds, eventId } = market
  const { chance } = world
  const way = chance.next()
  if (way < 0.15) return { quantity: chance.whole(1, 2) }
  const named = wish(market)
  if (way < 0.7) return { seatIds: named }
  const reply = await ask(market, buyerId, 'POST /v1/seats/reserve', {
    body: { eventId, seatIds: named },
  })
  if (reply.status !== 201) return chance.is(0.5) ? { seatIds: [chance.pick(seatIds)] } : undefined
  const { holdId } = reply.body as { holdId: string }
  if (chance.is(0.15)) {
    await ask(market, buyerId, 'POST /v1/seats/release', { body: { holdId } })
    return undefined
  }
  return { holdId }
}

function wish({ world, seatIds, wanted }: Market): string[] {
  const { chance, counters } = world
  const first = chance.whole(0, seatIds.length - 1)
  const ids = [first, ...(chance.is(0.4) ? [(first + 1) % seatIds.length] : [])]
  const chosen = ids.map((place) => seatIds[place] as string)
  if (chosen.some((id) => wanted.has(id))) counters['seat-contested'] += 1
  for (const id of chosen) wanted.add(id)
  return chosen
}
