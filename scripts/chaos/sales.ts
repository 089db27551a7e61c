import { newId } from '../../functions/_runtime/ids.ts'
import type { Answer } from './client.ts'
import type { Person } from './people.ts'

/** An event that is on sale, with all its seats. */
export type Sale = {
  eventId: string
  seatIds: string[]
  /** When its organizer first asked to cancel it. */
  cancelledMs?: number
}

const day = 86_400_000

/** Makes and publishes an event with `width` seats; gives it once its seats are there and orders knows of it. */
export async function openSale(organizer: Person, width: number): Promise<Sale> {
  const range = { name: 'A', ranges: [[1, width]] }
  const venue = await done(organizer, 'POST', '/v1/venues', {
    name: `Hall ${newId()}`,
    city: 'Pune',
    layout: { sections: [{ name: 'Stalls', priceZone: 'all', rows: [range] }] },
  })
  const draft = await done(organizer, 'POST', '/v1/events', {
    title: 'A Play',
    type: 'Play',
    venueId: venue.body.id,
    startsAt: new Date(Date.now() + 7 * day).toISOString(),
    endsAt: new Date(Date.now() + 7 * day + 7_200_000).toISOString(),
    currency: 'INR',
    prices: { all: 50_000 },
  })
  const eventId = String(draft.body.id)
  // Refused the second time where the first had no answer and was done.
  while ((await organizer.ask('POST', `/v1/events/${eventId}/publish`)).kind === 'info')
    await pause(500)
  await eventually('the seats are there', async () => {
    const { body } = await organizer.ask('GET', `/v1/events/${eventId}`)
    return body?.seatsGenerated === width
  })
  const map = await done(organizer, 'GET', `/v1/seats/map?eventId=${eventId}`)
  return { eventId, seatIds: map.body.ids as string[] }
}

const triesMax = 40

/** Asks until it is done: a busy machine may be slow to have everything running. Repeated, it makes one more of a kind. */
async function done(person: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await person.ask(method, path, body)
    if (answer.kind === 'ok') return answer
    if (answer.kind === 'fail' || tries === triesMax)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`)
    await pause(500)
  }
}

/** Cancels an event, however often it takes. */
export async function cancelSale(organizer: Person, sale: Sale, isOver: () => boolean) {
  sale.cancelledMs = Date.now()
  for (;;) {
    const { kind } = await organizer.ask('POST', `/v1/events/${sale.eventId}/cancel`)
    if (kind !== 'info' || isOver()) return
    await pause(300)
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Waits until something is so; throws with its name where that takes longer than `msMax`. */
export async function eventually(
  what: string,
  isSo: () => Promise<boolean>,
  msMax = 60_000,
): Promise<void> {
  const limit = performance.now() + msMax
  while (!(await isSo())) {
    if (performance.now() > limit) throw new Error(`not after ${msMax / 1000} s: ${what}`)
    await pause(50)
  }
}
