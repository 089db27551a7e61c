import { newId } from '../../_runtime/ids.ts'
import { isPlanted } from '../../_runtime/planted.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { statement, type Database } from '../../_runtime/database.ts'
import { asking, look } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps, type Deps } from '../deps.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { createReactions } from '../reactions.ts'
import { insertSeats } from '../store/seats.ts'

/** Seating on a database of its own. */
export async function openSeating(more: Record<string, string> = {}) {
  const config = readConfig({ ...(await testEnv('seating', migrations)), ...more })
  const runtime = createRuntime('seating', config, async () => entities)
  if (isPlanted('allocations-without-index'))
    await look(runtime.database, 'alter table allocations drop constraint allocations_pkey')
  const deps: Deps = createDeps(runtime, config)
  const app = createApp(
    deps,
    createReactions(deps, async () => {}),
  )
  return {
    deps,
    ...asking(app, 'seating'),
    async close() {
      await runtime.close()
      await endTesting()
    },
  }
}

export type Seating = Awaited<ReturnType<typeof openSeating>>

/** An event on sale with `rows` rows of `width` seats at 500.00 each; gives the ids in the order of the layout. */
export async function openEvent(
  database: Database,
  { rows = 1, width = 10, status = 'ON_SALE' } = {},
) {
  const eventId = newId()
  await database.query(insertEvent, [eventId, status, rows * width])
  const seats = Array.from({ length: rows * width }, (_, ordinal) => {
    const row = String.fromCharCode(65 + Math.floor(ordinal / width))
    const number = (ordinal % width) + 1
    return {
      id: newId(),
      ordinal,
      label: `${row}-${number}`,
      section: 'Stalls',
      row,
      number,
      priceMinor: 50_000,
    }
  })
  await insertSeats(database, eventId, seats)
  return { eventId, seatIds: seats.map(({ id }) => id) }
}

const insertEvent = statement(
  'test-event',
  `insert into events (id, status, starts_at, ends_at, on_sale_at, currency, layout_version, version, seats_total, is_sold_out)
   values ($1, $2, now() + interval '7 days', now() + interval '8 days', null, 'INR', 1, 1, $3, false)`,
)

/** Moves a hold's time, as if it had been placed longer ago. Its keys in Redis are gone by then too. */
export async function expireHold({ database, redis }: Deps, holdId: string): Promise<void> {
  const past = `now() - interval '1 s'`
  await look(database, `update holds set expires_at = ${past} where id = $1`, [holdId])
  await look(database, `update seats set held_until = ${past} where hold_id = $1`, [holdId])
  await redis.attempt(async (client) => {
    const keys = await client.keys('seat:*')
    return keys.length > 0 ? client.del(...keys) : 0
  })
}

export { look } from '../../_runtime/testing/ask.ts'
