import { eachOf } from '../at-once.ts'
import { insist, view, type Purchase } from '../purchase.ts'
import { readLedger, type Ledger } from './ledger.ts'
import type { World } from '../world.ts'

/** What was found wrong: which promise, and the facts. */
export type Found = { what: string; facts: Record<string, unknown> }

const ends = new Set(['CONFIRMED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED'])

/** Has those who still know nothing ask again, with their keys; what that begins has to end before anybody looks. */
export async function askAgain(purchases: readonly Purchase[]): Promise<void> {
  const unsettled = purchases.filter(({ settled }) => !settled)
  await eachOf(unsettled, 8, async (purchase) => {
    const limit = performance.now() + insistMs
    await insist(purchase, () => performance.now() > limit)
  })
}

const insistMs = 20_000

/**
 * Has every buyer look at what became of his order, once nothing moves any more: he has his tickets and paid for
 * them, or his money, and in both cases an answer that says so. What was acknowledged is there, what was refused
 * had no effect, and what was unknown is one of the two.
 */
export async function checkBuyers(world: World, purchases: readonly Purchase[]): Promise<Found[]> {
  const found: Found[] = []
  const ledger = await readLedger(world.stack.bankUrl)
  await eachOf(purchases, 8, async (purchase) => {
    const tell = (what: string, facts: Record<string, unknown> = {}) =>
      found.push({ what, facts: { orderId: purchase.orderId, ...facts, answers: told(purchase) } })
    await checkOne(purchase, ledger, tell)
  })
  return found
}

type Tell = (what: string, facts?: Record<string, unknown>) => void

async function checkOne(purchase: Purchase, ledger: Ledger, tell: Tell): Promise<void> {
  const { orderId, settled, confirmed, sale, givenBack } = purchase
  if (!settled) return tell('a buyer was never told what became of his order')
  const { status, body: order } = await view(purchase)
  const { taken, back } = ledger.of(orderId)
  const wasAcknowledged = purchase.answers.some(({ status: given }) =>
    [201, 202, 402].includes(given),
  )
  if (status === 404) {
    if (wasAcknowledged) tell('an order that was acknowledged is not there')
    if (taken !== back) tell('money was kept without an order', { taken, back })
    return
  }
  if (status !== 200) return tell('an order cannot be looked at', { status })
  if (!wasAcknowledged && order.status === 'CONFIRMED' && settled.kind === 'fail')
    tell('a refused request bought seats', { status: order.status })
  if (!ends.has(order.status)) return tell('an order has no end', { status: order.status })
  const due =
    order.status === 'CONFIRMED' ? order.total.amountMinor - order.refunded.amountMinor : 0
  if (taken - back !== due)
    tell('a buyer paid another sum than he got seats for', {
      status: order.status,
      taken,
      back,
      due,
    })
  const mayEnd = givenBack.length > 0 || sale.cancelledMs !== undefined
  if (confirmed && order.status !== 'CONFIRMED' && !mayEnd)
    tell('a confirmed order was lost', { status: order.status, reason: order.reason })
  await checkTickets(purchase, order, tell)
  checkReplays(purchase, tell)
}

type Seen = { status: string; lines: { seatId: string; refunded: boolean }[] }

async function checkTickets({ person, orderId }: Purchase, order: Seen, tell: Tell): Promise<void> {
  const { body } = await person.ask('GET', '/v1/tickets?size=100')
  const tickets = (body?.items ?? []) as { orderId: string; seatId: string; status: string }[]
  const has = tickets
    .filter((ticket) => ticket.orderId === orderId && ticket.status === 'ACTIVE')
    .map(({ seatId }) => seatId)
  const should =
    order.status === 'CONFIRMED'
      ? order.lines.filter(({ refunded }) => !refunded).map(({ seatId }) => seatId)
      : []
  if (has.toSorted().join() !== should.toSorted().join())
    tell('a buyer has other tickets than seats', { status: order.status, has, should })
}

/** The kept answer is the same bytes each time. */
function checkReplays({ answers }: Purchase, tell: Tell): void {
  const replays = answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')
  if (new Set(replays.map(({ status, text }) => `${status} ${text}`)).size > 1)
    tell('a kept answer came in two forms', { replays: replays.map(({ text }) => text) })
}

const told = ({ answers }: Purchase) =>
  answers.map(({ status, code }) => `${status} ${code}`.trim()).slice(-8)
