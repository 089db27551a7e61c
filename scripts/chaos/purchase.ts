import { orderIdOf } from '../../functions/orders/ids.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import type { Answer } from './client.ts'
import type { Person } from './people.ts'
import { pause, type Sale } from './sales.ts'

/** One wish of one person, under one Idempotency-Key, and all that he was told of it. */
export type Purchase = {
  person: Person
  sale: Sale
  key: string
  orderId: string
  wish: object
  headers: Record<string, string>
  /** To the order itself, in their order. */
  answers: Answer[]
  /** The first answer that says how it ended, or that it goes on by itself. */
  settled: Answer | undefined
  /** The answer or the view that showed the order CONFIRMED first. */
  confirmed: { answer: Answer; seatIds: string[] } | undefined
  /** When the buyer, or the event's organizer, first asked for some or all of it to be given back. */
  givenBack: { invokedMs: number; seatIds: string[] }[]
}

export function newPurchase(
  person: Person,
  sale: Sale,
  wish: object,
  headers: Record<string, string> = {},
): Purchase {
  const key = newId()
  return {
    person,
    sale,
    key,
    orderId: orderIdOf(person.id, key),
    wish: { eventId: sale.eventId, ...wish },
    headers,
    answers: [],
    settled: undefined,
    confirmed: undefined,
    givenBack: [],
  }
}

/** Sends the order once more, with its key. */
export async function send(purchase: Purchase, wish = purchase.wish): Promise<Answer> {
  const { person, key, headers } = purchase
  const answer = await person.ask('POST', '/v1/orders', wish, {
    ...headers,
    'idempotency-key': key,
  })
  if (wish !== purchase.wish) return answer
  purchase.answers.push(answer)
  if (isDefinite(answer)) purchase.settled ??= answer
  note(purchase, answer)
  return answer
}

/** These say nothing of the order: somebody works on it, there were too many, or the token was not taken. */
const aside = new Set(['request-in-progress', 'too-many-requests', 'not-signed-in'])

/** Another try can bring no other answer. */
export const isDefinite = ({ kind, code }: Answer): boolean => kind !== 'info' && !aside.has(code)

/** Sends the order until there is an answer that counts, as a person does who wants his ticket. */
export async function insist(purchase: Purchase, isOver: () => boolean): Promise<Answer> {
  for (let waitMs = 150; ; waitMs = Math.min(waitMs * 1.5, 1000)) {
    const answer = await send(purchase)
    if (isDefinite(answer) || isOver()) return answer
    await pause(waitMs)
  }
}

const terminal = new Set(['CONFIRMED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED'])

/** Looks at the order until it has come to an end, or until `msMax` are over. */
export async function follow(purchase: Purchase, msMax: number): Promise<Answer> {
  const limit = performance.now() + msMax
  for (;;) {
    const answer = await view(purchase)
    const isEnded = answer.kind === 'ok' && terminal.has(answer.body.status)
    if (isEnded || performance.now() > limit) return answer
    await pause(250)
  }
}

export async function view(purchase: Purchase): Promise<Answer> {
  const answer = await purchase.person.ask('GET', `/v1/orders/${purchase.orderId}`)
  note(purchase, answer)
  return answer
}

function note(purchase: Purchase, answer: Answer): void {
  if (answer.kind !== 'ok' || answer.body?.status !== 'CONFIRMED') return
  const lines = answer.body.lines as { seatId: string }[]
  purchase.confirmed ??= { answer, seatIds: lines.map(({ seatId }) => seatId) }
}
