import { usualTimes, type Times } from './holds.ts'
import { judgeAcross, type Asked } from './across.ts'
import {
  createLook,
  identityOf,
  type Look,
  type Moment,
  type Places,
  type Report,
  type Violation,
} from './report.ts'
import { createSources, type Sources } from './sources.ts'
import { rowsMax, type Statement } from './statements.ts'
import { countsOf, statementsOf } from './all-statements.ts'
import { elsewhere, invariantOf, type Invariant } from './titles.ts'
import { checkTokens, createTokenMemory, type TokenMemory } from './tokens.ts'

export type { Moment, Places, Report, Violation } from './report.ts'
export { createTokenMemory, type TokenMemory } from './tokens.ts'

export type CheckOptions = {
  /** `any`: what holds at every instant, cheap enough for each second. `quiet`: all of them. */
  moment: Moment
  /** Given to every look in turn, it lets I9 compare them. */
  tokens?: TokenMemory
  /**
   * How long work that is on its way may take to end (20 s): what two databases disagree on is a violation if it
   * is still there then. 0 where nothing is on its way.
   */
  graceMs?: number
  times?: Partial<Times>
  /** Told what is being done. */
  say?: (line: string) => void
}

/**
 * Looks at a system and names what is not true of it. Changes nothing. Never rejects for what it cannot read: that
 * stands in `unread`, and of what stands there nothing is known.
 */
export async function checkInvariants(places: Places, options: CheckOptions): Promise<Report> {
  const { moment, graceMs = 20_000, tokens, say = () => {} } = options
  const times = { ...usualTimes, ...options.times }
  const look = createLook(moment)
  const sources = createSources(places.databaseUrl)
  const round = { sources, places, look, moment, times, say }
  try {
    let doubtful = await lookAround(round)
    await trying(look, 'I9', () => checkTokens(sources, look, tokens ?? createTokenMemory()))
    const began = performance.now()
    for (let waitMs = 250; doubtful.length > 0; waitMs *= 2) {
      const restMs = graceMs - (performance.now() - began)
      if (restMs <= 0) break
      say(`${doubtful.length} may be on their way; looking again`)
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, restMs)))
      doubtful = await lookAgain(round, doubtful)
    }
    for (const { title, facts } of doubtful) look.found(title, facts)
    leftOut(look, places, options)
    return look.report()
  } finally {
    await sources.close()
  }
}

type Round = Required<Pick<CheckOptions, 'moment' | 'say'>> & {
  sources: Sources
  places: Places
  look: Look
  times: Times
}

/** Everything once. What may pass by itself is given back; the rest is found. */
async function lookAround(round: Round): Promise<Violation[]> {
  const { sources, look, moment, times } = round
  const doubtful: Violation[] = []
  await Promise.all([
    ...statementsOf(moment, times).map((one) => runStatement(round, one, doubtful)),
    ...countsOf(moment).map(({ invariant, from, sql }) =>
      trying(look, invariant, async () => {
        const [row] = await sources.rows(from, sql)
        look.counted(invariant, Number(row?.rows), Number(row?.imported))
      }),
    ),
  ])
  if (moment === 'quiet') doubtful.push(...(await judgeAcross({ ...round, trying })))
  return doubtful
}

/** Only where something was doubtful, and only what is so still. */
async function lookAgain(round: Round, before: Violation[]): Promise<Violation[]> {
  const titles = new Set(before.map(({ title }) => title))
  const known = new Set(before.map(identityOf))
  const seen: Violation[] = []
  const again = statementsOf(round.moment, round.times).filter(
    ({ title, passes }) => passes && titles.has(title),
  )
  for (const one of again) await runStatement(round, one, seen)
  const orderIds = before.flatMap(({ facts }) =>
    typeof facts.orderId === 'string' ? [facts.orderId] : [],
  )
  const asked: Asked = { orderIds: [...new Set(orderIds)], titles }
  seen.push(...(await judgeAcross({ ...round, trying, asked })))
  return seen.filter((violation) => known.has(identityOf(violation)))
}

async function runStatement(
  { sources, look }: Round,
  { title, from, sql, values, passes }: Statement,
  doubtful: Violation[],
): Promise<void> {
  const invariant = invariantOf(title)
  await trying(look, invariant, async () => {
    const limited = `select * from (${sql}) found limit ${rowsMax}`
    for (const facts of await sources.rows(from, limited, values))
      if (passes) doubtful.push({ invariant, title, facts })
      else look.found(title, facts)
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

function leftOut(look: Look, { ledger, redisUrl }: Places, { moment, tokens }: CheckOptions): void {
  if (!tokens)
    look.skip('I9', 'one look sees one token of a seat: that it grows is seen by --watch')
  if (moment === 'any') return
  if (ledger === undefined)
    for (const id of ['I4', 'I5']) look.skip(id, 'no ledger is named: payments has no witness')
  if (redisUrl === undefined) look.skip('I7', 'no Redis is named: only the database was looked at')
  for (const { invariant, why } of elsewhere) look.skip(invariant, why)
}
