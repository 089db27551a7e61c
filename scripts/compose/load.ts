import { randomUUID } from 'node:crypto'
import { ask, passes, type Answer, type Asked } from './ask.ts'
import type { Order } from '../../contracts/orders.ts'
import type { Buyer, Sale } from './shop.ts'

/** What clients saw. `again` counts answers after which they asked once more. */
export type Tally = { bought: number; read: number; again: number; failed: string[] }

export type Load = { tally: Tally; stop(): Promise<Tally> }

const secondsMax = 90
/** An order that came to none of these has ended without its seats. */
const unsettled = new Set(['PENDING', 'HELD', 'PAID', 'CONFIRMED'])
const pauseMs = 60
/** A buyer may have a hundred seats of one event: however fast the machine, the load lasts as long as the check. */
const purchasePauseMs = 350

/** Buyers who buy and look around without end, each like a good client: what passes is asked again, the same. */
export function startLoad(port: number, buyers: Buyer[], sale: Sale, admin: string): Load {
  const tally: Tally = { bought: 0, read: 0, again: 0, failed: [] }
  let isOver = false

  async function buy(buyer: Buyer): Promise<void> {
    const seatId = sale.seatIds.pop()
    if (!seatId) return
    const answer = await insist(port, order(buyer, sale.eventId, seatId), tally)
    const isBought = answer?.status === 201 || (await settles(port, buyer, answer))
    if (isBought) tally.bought += 1
    else note(tally, 'POST /v1/orders', answer)
  }

  async function look(buyer: Buyer): Promise<void> {
    const paths = ['/v1/users/me', '/v1/events', '/v1/orders', '/v1/tickets', '/v1/notifications']
    const asked: Asked[] = [
      ...paths.map((path) => ({ path, token: buyer.token })),
      { path: `/v1/seats/summary?eventId=${sale.eventId}` },
      { path: '/v1/dead-letters', token: admin },
    ]
    for (const one of asked) {
      if (isOver) return
      const answer = await insist(port, one, tally)
      if (answer?.status === 200) tally.read += 1
      else note(tally, `GET ${one.path}`, answer)
      await pause(pauseMs)
    }
  }

  const repeat = async (work: () => Promise<void>, restMs: number) => {
    while (!isOver) {
      await work()
      await pause(restMs)
    }
  }
  const clients = buyers.flatMap((buyer) => [
    repeat(() => buy(buyer), purchasePauseMs),
    repeat(() => look(buyer), pauseMs),
  ])
  return {
    tally,
    async stop() {
      isOver = true
      await Promise.all(clients)
      return tally
    },
  }
}

/** One purchase with a key of its own, so that it can be asked again. */
export const order = (
  { token }: Buyer,
  eventId: string,
  seatId: string,
  means = 'tok_ok',
): Asked => ({
  method: 'POST',
  path: '/v1/orders',
  token,
  headers: { 'idempotency-key': randomUUID() },
  body: { eventId, seatIds: [seatId], payment: { method: 'CARD', token: means } },
})

/** Asks until the answer is final; undefined after a minute and a half. */
export async function insist(
  port: number,
  asked: Asked,
  tally: Tally,
): Promise<Answer | undefined> {
  const start = performance.now()
  while (performance.now() - start < secondsMax * 1000) {
    const answer = await ask(port, asked)
    if (!passes(answer)) return answer
    tally.again += 1
    await pause(200)
  }
  return undefined
}

/** An order that was only taken note of (202) is looked at until it is confirmed. */
export async function settles(
  port: number,
  { token }: Buyer,
  answer: Answer | undefined,
): Promise<boolean> {
  const start = performance.now()
  while (answer?.status === 202 && performance.now() - start < secondsMax * 1000) {
    const { status, body } = await ask<Order>(port, {
      path: `/v1/orders/${String(answer.body?.id)}`,
      token,
    })
    if (status === 200 && body?.status === 'CONFIRMED') return true
    if (status === 200 && body && !unsettled.has(body.status)) return false
    await pause(200)
  }
  return false
}

function note({ failed }: Tally, what: string, answer: Answer | undefined): void {
  if (failed.length < 20)
    failed.push(`${what}: ${answer?.status ?? 'no answer'} ${JSON.stringify(answer?.body?.code)}`)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
