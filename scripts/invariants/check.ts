import { elsewhere, invariantOf, type Invariant } from './titles.ts'
import { orderCounts, orderStatements, paymentStatements } from './orders.ts'
import { createLook, type Look, type Moment, type Places, type Report } from './report.ts'
import { seatCounts, seatStatements } from './seats.ts'
import { createSources, type Sources } from './sources.ts'
import { rowsMax, type Count, type Statement } from './statements.ts'
import { checkTokens, createTokenMemory, type TokenMemory } from './tokens.ts'

export type { Moment, Places, Report, Violation } from './report.ts'
export { createTokenMemory, type TokenMemory } from './tokens.ts'

export type CheckOptions = {
  /** `any`: what holds at every instant, cheap enough for each second. `quiet`: all of them. */
  moment: Moment
  /** Given to every look in turn, it lets I9 compare them. */
  tokens?: TokenMemory
  /** How long work that is on its way may take to end (20 s); 0 where nothing is on its way. */
  graceMs?: number
}

/**
 * Looks at a system and names what is not true of it. Changes nothing. Never rejects for what it cannot read: that
 * stands in `unread`, and of what stands there nothing is known.
 */
export async function checkInvariants(places: Places, options: CheckOptions): Promise<Report> {
  const look = createLook(options.moment)
  const sources = createSources(places.databaseUrl)
  try {
    const statements = [...seatStatements, ...orderStatements, ...paymentStatements].filter(
      ({ title }) => isAsked(options.moment, invariantOf(title)),
    )
    const counts = [...seatCounts, ...orderCounts].filter(({ invariant }) =>
      isAsked(options.moment, invariant),
    )
    await Promise.all([
      ...statements.map((one) => runStatement(sources, look, one)),
      ...counts.map((one) => runCount(sources, look, one)),
    ])
    await trying(look, 'I9', () =>
      checkTokens(sources, look, options.tokens ?? createTokenMemory()),
    )
    for (const { invariant, why } of elsewhere) look.skip(invariant, why)
    return look.report()
  } finally {
    await sources.close()
  }
}

const isAsked = (moment: Moment, invariant: Invariant) =>
  moment === 'quiet' || ['I1', 'I2', 'I3', 'I9'].includes(invariant)

async function runStatement(sources: Sources, look: Look, one: Statement): Promise<void> {
  await trying(look, invariantOf(one.title), async () => {
    const limited = `select * from (${one.sql}) found limit ${rowsMax}`
    for (const facts of await sources.rows(one.from, limited, one.values))
      look.found(one.title, facts)
  })
}

async function runCount(sources: Sources, look: Look, one: Count): Promise<void> {
  await trying(look, one.invariant, async () => {
    const [row] = await sources.rows(one.from, one.sql)
    look.counted(one.invariant, Number(row?.rows), Number(row?.imported))
  })
}

async function trying(look: Look, invariant: Invariant, work: () => Promise<void>): Promise<void> {
  const began = performance.now()
  try {
    await work()
  } catch (err) {
    look.unread(invariant, err instanceof Error ? err.message : String(err))
  } finally {
    look.took(invariant, performance.now() - began)
  }
}
