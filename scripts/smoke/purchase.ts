import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { Event } from '../../contracts/catalog.ts'
import { Order } from '../../contracts/orders.ts'
import { paged } from '../../contracts/primitives.ts'
import { Seat } from '../../contracts/seating.ts'
import { Ticket } from '../../contracts/tickets.ts'
import { Session } from '../../contracts/users.ts'

/** What did not work, in words for whoever has to look after it. */
export class SmokeFailed extends Error {}

/** There is nothing to buy: an installation that was just made has no event. */
export class NothingOnSale extends SmokeFailed {}

export type SmokeOptions = {
  url: string
  event?: string | undefined
  token: string
  /** Otherwise the order is refunded at the end, and its seat is free again. */
  isKept: boolean
  say: (line: string) => void
}

export type Step = { name: string; ms: number }

/**
 * Buys one seat as a buyer would, from registration to the QR code. Each step says how long it took. Throws
 * `SmokeFailed` with the step and what was answered. Every request has a time limit.
 */
export async function buyOnce({ url, event, token, isKept, say }: SmokeOptions): Promise<Step[]> {
  const steps: Step[] = []
  const step = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    const began = performance.now()
    const result = await work().catch((err: unknown) => {
      if (err instanceof NothingOnSale) throw new NothingOnSale(`${name}: ${err.message}`)
      throw err instanceof SmokeFailed
        ? new SmokeFailed(`${name}: ${err.message}`)
        : new SmokeFailed(`${name}: ${reasonOf(err)}`, { cause: err })
    })
    const ms = performance.now() - began
    steps.push({ name, ms: Math.round(ms) })
    say(`ok  ${name}, ${Math.round(ms)} ms`)
    return result
  }

  const account = { email: `smoke-${randomUUID()}@example.com`, password: randomUUID() }
  const ask = asking(url)
  await step('register', () =>
    ask('POST /v1/users', 201, { body: { ...account, name: 'Smoke Test' } }),
  )
  const login = await step('log in', () => ask('POST /v1/auth/login', 200, { body: account }))
  const buyer = asking(url, login.read(Session).accessToken)

  const eventId = event ?? (await step('find an event on sale', () => findEvent(buyer)))
  const key = randomUUID()
  const wish = {
    body: { eventId, quantity: 1, payment: { method: 'CARD', token } },
    headers: { 'idempotency-key': key },
  }
  const bought = await step('buy a seat', () => buyer('POST /v1/orders', 201, wish))
  const order = bought.read(Order)
  await step('repeat the request and get the same bytes', async () => {
    const again = await buyer('POST /v1/orders', 201, wish)
    if (again.text !== bought.text) throw new SmokeFailed('the answer was another one')
  })
  const ticket = await step('get the ticket', () => ticketOf(buyer, order.id))
  await step('get its QR code', () => buyer(`GET /v1/tickets/${ticket}.png`, 200))
  if (!isKept)
    await step('give it back', () =>
      buyer(`POST /v1/orders/${order.id}/refunds`, 200, { body: {} }),
    )
  return steps
}

const requestMsMax = 30_000
const ticketMsMax = 30_000

/** `read` holds the answer against its contract. */
type Answer = { text: string; read: <Body>(contract: z.ZodType<Body>) => Body }
type Ask = (
  request: string,
  expected: number,
  more?: { body?: object; headers?: Record<string, string> },
) => Promise<Answer>

/** Sends `METHOD /path`; an answer with another status than the expected one is a failure. */
function asking(url: string, token?: string): Ask {
  return async (request, expected, { body, headers = {} } = {}) => {
    const [method = '', path = ''] = request.split(' ')
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(requestMsMax),
    })
    const text = await response.text()
    if (response.status !== expected)
      throw new SmokeFailed(
        `${request} answered ${response.status}, not ${expected}: ${text.slice(0, 500)}`,
      )
    return {
      text,
      read(contract) {
        const parsed = contract.safeParse(JSON.parse(text))
        if (parsed.success) return parsed.data
        throw new SmokeFailed(
          `${request} answered out of contract: ${z.prettifyError(parsed.error)}`,
        )
      },
    }
  }
}

const pagesMax = 10

async function findEvent(ask: Ask): Promise<string> {
  for (let page = 1; page <= pagesMax; page++) {
    const onSale = await ask(`GET /v1/events?status=ON_SALE&size=20&page=${page}`, 200)
    const { items, size, total } = onSale.read(paged(Event))
    for (const { id } of items) {
      const free = await ask(`GET /v1/seats?eventId=${id}&status=AVAILABLE&size=1`, 200)
      if (free.read(paged(Seat)).total > 0) return id
    }
    if (page * size >= total) break
  }
  throw new NothingOnSale('no event on sale has a free seat; publish one, or name one with --event')
}

/** Tickets follow the order as CloudEvents: a moment later, or a cold start later. */
async function ticketOf(ask: Ask, orderId: string): Promise<string> {
  const giveUpAt = performance.now() + ticketMsMax
  while (performance.now() < giveUpAt) {
    const tickets = await ask('GET /v1/tickets?size=100', 200)
    const own = tickets.read(paged(Ticket)).items.find((ticket) => ticket.orderId === orderId)
    if (own) return own.id
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new SmokeFailed(
    `none for order ${orderId} after ${ticketMsMax / 1000} s; look at the Broker and at tickets' log`,
  )
}

const reasonOf = (err: unknown): string =>
  err instanceof Error
    ? [err.message, (err.cause as Error)?.message].filter(Boolean).join(': ')
    : String(err)
