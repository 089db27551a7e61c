import type { Answer } from './client.ts'
import type { Person } from './people.ts'
import { follow, insist, newPurchase, send, type Purchase } from './purchase.ts'
import type { Random } from './random.ts'
import { pause, type Sale } from './sales.ts'

/** A hold that a person was given, and what he knows of its end. */
export type KnownHold = {
  person: Person
  seatIds: string[]
  answer: Answer
  /** When it may end: at its time, or when its holder asked for that. */
  untilMs: number
}

/** Where the stories of a run write down what happened to them. */
export type Diary = { purchases: Purchase[]; holds: KnownHold[] }

export type Scene = {
  person: Person
  sale: Sale
  random: Random
  diary: Diary
  bankUrl: string
  /** True once the run is over: nobody begins anything then. */
  isOver: () => boolean
}

const tokens: [string, number][] = [
  ['tok_ok', 55],
  ['tok_declined', 8],
  ['tok_insufficient_funds', 3],
  ['tok_3ds', 14],
  ['tok_slow', 12],
  ['tok_timeout', 8],
]

function tokenOf(random: Random): string {
  let at = random.between(1, 100)
  for (const [token, weight] of tokens) if ((at -= weight) <= 0) return token
  return 'tok_ok'
}

const card = (token: string) => ({ method: 'CARD', token })
const followMs = 6000

/** What people do, and how often, in parts of a hundred. */
const plots: [(scene: Scene) => Promise<void>, number][] = [
  [buy, 45],
  [buyOverEvents, 15],
  [holdFirst, 22],
  [payLater, 18],
]

/** One person does one of the things that people do, to its end. */
export async function play(scene: Scene): Promise<void> {
  let at = scene.random.between(1, 100)
  for (const [plot, weight] of plots) if ((at -= weight) <= 0) return plot(scene)
}

function begin(scene: Scene, wish: object, headers: Record<string, string> = {}): Purchase {
  const purchase = newPurchase(scene.person, scene.sale, wish, headers)
  scene.diary.purchases.push(purchase)
  return purchase
}

/** Some seats by name, for which others may ask as well, or the best there are. */
function choice({ random, sale }: Scene): { seatIds: string[] } | { quantity: number } {
  const count = random.pick([1, 1, 1, 2, 2, 3])
  if (random.happens(0.3)) return { quantity: count }
  return { seatIds: random.shuffled(sale.seatIds).slice(0, count) }
}

async function buy(scene: Scene): Promise<void> {
  const payment = card(tokenOf(scene.random))
  const purchase = begin(scene, { ...choice(scene), payment })
  await afterwards(scene, purchase, await insist(purchase, scene.isOver))
}

async function buyOverEvents(scene: Scene): Promise<void> {
  const payment = card(tokenOf(scene.random))
  const prefer = { prefer: 'respond-async' }
  const purchase = begin(scene, { ...choice(scene), payment }, prefer)
  await afterwards(scene, purchase, await insist(purchase, scene.isOver))
}

/** Holds seats, looks around for a while, and buys, gives them up, or forgets about them. */
async function holdFirst(scene: Scene): Promise<void> {
  const { person, random, sale, diary } = scene
  const held = await person.ask('POST', '/v1/seats/reserve', {
    eventId: sale.eventId,
    ...choice(scene),
  })
  if (held.kind !== 'ok') return
  const { holdId, seats, expiresAt } = held.body
  const seatIds = (seats as { id: string }[]).map(({ id }) => id)
  const hold = { person, seatIds, answer: held, untilMs: Date.parse(expiresAt) }
  diary.holds.push(hold)
  if (random.happens(0.3)) await person.ask('POST', '/v1/seats/extend', { holdId })
  await pause(random.next() * (random.happens(0.2) ? 8000 : 1500))
  if (scene.isOver() || random.happens(0.15)) return
  if (random.happens(0.25)) {
    hold.untilMs = Math.min(hold.untilMs, Date.now())
    await person.ask('POST', '/v1/seats/release', { holdId })
    return
  }
  // From here on the order decides how long the seats are his.
  hold.untilMs = Math.min(hold.untilMs, Date.now())
  const purchase = begin(scene, { holdId, payment: card(tokenOf(random)) })
  await afterwards(scene, purchase, await insist(purchase, scene.isOver))
}

/** Places an order without paying, and pays it then; some never do. */
async function payLater(scene: Scene): Promise<void> {
  const { person, random } = scene
  const purchase = begin(scene, choice(scene))
  const placed = await insist(purchase, scene.isOver)
  if (placed.kind !== 'ok' || random.happens(0.15)) return
  if (random.happens(0.15)) return giveBack(scene, purchase)
  const { orderId } = purchase
  const intent = await person.ask('POST', '/v1/payments/intents', { orderId })
  if (intent.kind !== 'ok') return
  const path = `/v1/payments/intents/${intent.body.id}/confirm`
  for (let tries = 0; tries < 3 && !scene.isOver(); tries++) {
    const paid = await person.ask('POST', path, card(tokenOf(random)))
    if (paid.kind === 'ok') await visitBank(scene, paid.body.nextAction?.url)
    if (paid.kind === 'ok' || paid.code === 'payment-fixed') break
    await pause(300)
  }
  await afterwards(scene, purchase, await follow(purchase, followMs))
}

/** Goes where his bank sends him, follows his order, and does with his tickets what people do. */
async function afterwards(scene: Scene, purchase: Purchase, first: Answer): Promise<void> {
  const { random } = scene
  let latest = first
  if (first.status === 202) {
    latest = await follow(purchase, 1500)
    await visitBank(scene, latest.body?.payment?.nextAction?.url)
    latest = await follow(purchase, followMs)
  }
  if (latest.kind !== 'ok' || scene.isOver()) return
  if (random.happens(0.2)) await send(purchase)
  if (random.happens(0.08))
    await send(purchase, { ...purchase.wish, promoCode: undefined, quantity: 9 })
  if (latest.body.status !== 'CONFIRMED') return
  await pause(random.next() * 800)
  if (random.happens(0.45)) await giveBack(scene, purchase)
  else if (random.happens(0.2)) await giveOneBack(purchase)
}

async function visitBank({ random, bankUrl }: Scene, url: unknown): Promise<void> {
  if (typeof url !== 'string' || random.happens(0.15)) return
  await pause(random.next() * (random.happens(0.3) ? 7000 : 500))
  // The page's public name is the browser's to find; here the bank itself is asked.
  await fetch(`${bankUrl}${new URL(url).pathname}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ approve: random.happens(0.8) }),
    signal: AbortSignal.timeout(5000),
  }).catch(() => {})
}

async function giveBack(scene: Scene, purchase: Purchase): Promise<void> {
  const { person, orderId, confirmed } = purchase
  purchase.givenBack.push({ invokedMs: Date.now(), seatIds: confirmed?.seatIds ?? [] })
  const answer = await person.ask('POST', `/v1/orders/${orderId}/cancel`)
  if (answer.kind === 'info' && !scene.isOver())
    await person.ask('POST', `/v1/orders/${orderId}/cancel`)
}

async function giveOneBack(purchase: Purchase): Promise<void> {
  const { person, orderId, confirmed } = purchase
  const seatIds = (confirmed?.seatIds ?? []).slice(0, 1)
  purchase.givenBack.push({ invokedMs: Date.now(), seatIds })
  await person.ask('POST', `/v1/orders/${orderId}/refunds`, { seatIds })
}
