import { mergeById } from './merge.ts'
import type { Violation } from './report.ts'
import type { Row, Sources } from './sources.ts'

type Known = { id: string; status: string | null; startsAt: string }

/**
 * I8: announced events, and what others keep of them. Compared is what decides over seats and money: that it is
 * there, when it begins, and that it is cancelled. Imported ones are left out: what was known of them before stays.
 */
export async function* judgeEvents(sources: Sources): AsyncGenerator<Omit<Violation, 'invariant'>> {
  const merged = mergeById({
    catalog: known(sources.stream('catalog', announced)),
    seating: known(sources.stream('seating', kept('status'))),
    orders: known(sources.stream('orders', kept('status'))),
    tickets: known(sources.stream('tickets', kept('null'))),
  })
  for await (const { id: eventId, catalog, ...others } of merged) {
    const [event] = catalog
    if (!event) continue
    for (const [name, [own]] of Object.entries(others)) {
      const isCancelled =
        own?.status === null || (own?.status === 'CANCELLED') === (event.status === 'CANCELLED')
      if (own?.startsAt === event.startsAt && isCancelled) continue
      yield {
        title: 'a function has not heard of an event',
        facts: { eventId, function: name, catalog: event, knows: own ?? null },
      }
    }
  }
}

const announced = `select id, status, starts_at from events
  where status <> 'DRAFT' and external_id is null order by id`

const kept = (status: string) => `select id, ${status} as status, starts_at from events order by id`

async function* known(rows: AsyncGenerator<Row>): AsyncGenerator<Known> {
  for await (const { id, status, starts_at: startsAt } of rows)
    yield {
      id: String(id),
      status: status as string | null,
      startsAt: (startsAt as Date).toISOString(),
    }
}
