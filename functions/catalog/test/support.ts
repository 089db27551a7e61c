import type { Layout } from '../../../contracts/layouts.ts'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking, look, type Ask } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { createReactions } from '../reactions.ts'

/** Catalog on a database of its own, with an organizer, another one, and an admin to ask as. */
export async function openCatalog(more: Record<string, string> = {}) {
  const config = readConfig({ ...(await testEnv('catalog', migrations)), ...more })
  const deps = createRuntime('catalog', config, async () => entities)
  const swept: string[] = []
  const app = createApp(
    deps,
    createReactions(deps, async () => void swept.push('swept')),
  )
  const { as, ...asks } = asking(app, 'catalog')
  const organizerId = newId()
  const [organizer, other, admin, customer] = await Promise.all([
    as(organizerId, ['organizer']),
    as(newId(), ['organizer']),
    as(newId(), ['admin']),
    as(newId()),
  ])
  return {
    ...asks,
    deps,
    as,
    organizerId,
    organizer,
    other,
    admin,
    customer,
    swept,
    async close() {
      await deps.close()
      await endTesting()
    },
  }
}

export type Catalog = Awaited<ReturnType<typeof openCatalog>>

/** Two rows of stalls and a standing area: 25 places in two price zones. */
export const hall: Layout = {
  sections: [
    {
      name: 'Stalls',
      priceZone: 'Gold',
      rows: [
        { name: 'A', ranges: [[1, 10]] },
        { name: 'B', ranges: [[1, 10]] },
      ],
    },
    { name: 'Floor', priceZone: 'Silver', standing: { capacity: 5 } },
  ],
}

export async function addVenue(ask: Ask, change: Record<string, unknown> = {}) {
  const venue = { name: 'Rang Mandir', city: 'Pune', layout: hall, ...change }
  return (await ask('POST', '/v1/venues', venue)).body
}

export const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

export const draftAt = (venueId: string, change: Record<string, unknown> = {}) => ({
  title: 'An evening of ragas',
  type: 'Concert',
  description: 'Sitar and tabla',
  venueId,
  startsAt: inDays(30),
  endsAt: inDays(30.125),
  currency: 'INR',
  prices: { Gold: 150_000, Silver: 50_000 },
  ...change,
})

export async function addDraft(ask: Ask, venueId: string, change: Record<string, unknown> = {}) {
  return (await ask('POST', '/v1/events', draftAt(venueId, change))).body
}

export async function addEvent(ask: Ask, venueId: string, change: Record<string, unknown> = {}) {
  const { id } = await addDraft(ask, venueId, change)
  return (await ask('POST', `/v1/events/${id}/publish`)).body
}

/** What catalog has told of an event, oldest first. */
export const toldOf = ({ deps }: Catalog, eventId: string) =>
  look(
    deps.database,
    `select coalesce(jsonb_agg(jsonb_build_object('type', split_part(type, '.', 4), 'data', payload)
       order by (payload ->> 'version')::int), '[]') from outbox where aggregateid = $1`,
    [eventId],
  )

/** Sets columns of an event, as if it had been made so or time had passed. */
export const setEvent = ({ deps }: Catalog, eventId: string, columns: string) =>
  look(deps.database, `update events set ${columns} where id = $1`, [eventId])

export { look } from '../../_runtime/testing/ask.ts'
