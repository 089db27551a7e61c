import type { Look } from './report.ts'
import type { Sources } from './sources.ts'

/**
 * The token of a seat is the version of its row: whoever takes it takes it with the version that he saw. One moment
 * shows one token; that it only grows is seen by looking twice, with a memory of the last look. It remembers the
 * seats that changed last.
 */
export type TokenMemory = { seats: Map<string, Token>; since: string | undefined }

type Token = { version: number; holder: string }

export const createTokenMemory = (): TokenMemory => ({ seats: new Map(), since: undefined })

const remembered = 50_000

export async function checkTokens(
  sources: Sources,
  look: Look,
  memory: TokenMemory,
): Promise<void> {
  const [clock] = await sources.rows('seating', 'select now()::text as now')
  const known = [...memory.seats.keys()]
  // Changed since the last look, or remembered: a version that went back may have left its time as it was.
  const rows = sources.stream('seating', tokens, [memory.since ?? null, known])
  let count = 0
  for await (const row of rows) {
    const { id, version, holder } = row as { id: string } & Token
    const before = memory.seats.get(id)
    count++
    if (before && version < before.version)
      look.found('the token of a seat went back', {
        seatId: id,
        before: before.version,
        after: version,
      })
    if (before && version === before.version && holder !== before.holder)
      look.found('a seat changed hands under one token', {
        seatId: id,
        token: version,
        before: before.holder,
        after: holder,
      })
    // Taken out and put in again, it is among the last of the map.
    memory.seats.delete(id)
    memory.seats.set(id, { version, holder })
  }
  for (const id of memory.seats.keys()) {
    if (memory.seats.size <= remembered) break
    memory.seats.delete(id)
  }
  look.counted('I9', count, 0)
  memory.since = clock?.now as string
}

/** A transaction that began a while before the last look may have ended after it. */
const tokens = `select s.id, s.version,
    case s.status when 'SOLD' then 'order ' || coalesce(a.order_id::text, '') when 'HELD' then 'hold ' || s.hold_id
      else '' end as holder
  from seats s left join allocations a on a.seat_id = s.id
  where s.changed_at >= coalesce($1::timestamptz, now() - interval '10 min') - interval '30 s'
    or s.id = any($2::uuid[])`
