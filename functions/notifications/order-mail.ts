import { html } from 'hono/html'
import type { OrderFacts, OrderKind } from './drafts.ts'
import { page } from './page.ts'
import { amountOf } from './words.ts'

export type OrderLetter = { kind: OrderKind; subject: string; facts: OrderFacts; name: string }

/** A short mail: what happened to the order, and what happened to the money. */
export async function orderMail({ kind, subject, facts, name }: OrderLetter) {
  const sentences = [`Hello ${name},`, ...sentencesOf[kind](facts)]
  const body = html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}`
  return { text: `${sentences.join('\n\n')}\n`, html: String(await page(subject, body)) }
}

const sentencesOf: Record<OrderKind, (facts: OrderFacts) => string[]> = {
  'order-cancelled': ({ eventTitle, reason, total }) => [
    reason === 'expired'
      ? `The time to pay for your seats at ${eventTitle} is over. Your order was cancelled, and the seats are free for others.`
      : `Your order for ${eventTitle} was cancelled.`,
    total.amountMinor === 0
      ? 'There was nothing to pay.'
      : `You pay nothing. If your payment of ${amountOf(total)} went through after all, all of it comes back to you.`,
  ],
  'order-failed': ({ eventTitle, reason, total }) => [
    `Your order for ${eventTitle} did not work out: ${failures[reason ?? ''] ?? 'we could not complete it'}. We are sorry.`,
    ...moneyBack(amountOf(total)),
  ],
  'order-refunded': ({ eventTitle, status, total, refunded, seats }) => {
    if (status !== 'CONFIRMED')
      return [
        `Your order for ${eventTitle} is refunded. Its tickets no longer let you in.`,
        ...moneyBack(amountOf(refunded)),
      ]
    return [
      `A part of your order for ${eventTitle} is refunded: ${labels(seats, true)}.`,
      ...moneyBack(`${amountOf(refunded)} of ${amountOf(total)}`),
      `Your tickets for ${labels(seats, false)} stay as they are.`,
    ]
  },
  'event-cancelled': ({ eventTitle, refunded }) => [
    `${eventTitle} was cancelled. Your tickets no longer let you in.`,
    ...moneyBack(amountOf(refunded)),
  ],
}

const failures: Record<string, string> = {
  'seats-lost': 'while your payment was on its way, the seats were lost',
  'event-cancelled': 'the event was cancelled',
}

const moneyBack = (amount: string): string[] => [
  `${amount} is on its way back to the card or account that you paid with. You need not do anything; your bank may take a few days.`,
]

const labels = (seats: OrderFacts['seats'], isRefunded: boolean): string =>
  seats
    .filter((seat) => seat.isRefunded === isRefunded)
    .map(({ label }) => label)
    .join(', ')
