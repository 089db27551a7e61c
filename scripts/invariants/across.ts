import { readDossiers } from './dossier.ts'
import { judgeEvents } from './events.ts'
import type { Times } from './holds.ts'
import type { Look, Places, Violation } from './report.ts'
import { judgeSeatKeys } from './seat-keys.ts'
import type { Sources } from './sources.ts'
import { invariantOf, type Invariant, type Title } from './titles.ts'
import { judge } from './verdicts.ts'

/** What is looked at again. */
export type Asked = { orderIds: string[]; titles: ReadonlySet<Title> }

type Across = {
  sources: Sources
  places: Places
  look: Look
  times: Times
  say: (line: string) => void
  trying: (look: Look, invariant: Invariant, work: () => Promise<void>) => Promise<void>
  asked?: Asked
}

const ofOrders: Invariant[] = ['I4', 'I5', 'I6', 'I13']
const doubtfulMax = 10_000

/**
 * What several databases, the bank and Redis must agree on. Each is read at another moment, so whatever is found here
 * is looked at again before it counts.
 */
export async function judgeAcross(across: Across): Promise<Violation[]> {
  const { sources, places, look, times, trying, asked } = across
  const found: Violation[] = []
  const add = ({ title, facts }: Omit<Violation, 'invariant'>) =>
    void (found.length < doubtfulMax && found.push({ invariant: invariantOf(title), title, facts }))
  const isAsked = (some: Title) => !asked || asked.titles.has(some)

  if (!asked || asked.orderIds.length > 0) await trying(look, 'I13', () => judgeOrders(across, add))
  if (isAsked('a function has not heard of an event'))
    await trying(look, 'I8', async () => {
      for await (const one of judgeEvents(sources)) add(one)
    })
  const { redisUrl } = places
  const isKeyAsked =
    isAsked('a Redis key blocks a seat that nobody holds') ||
    isAsked('a Redis key of a seat never ends, or too late')
  if (redisUrl !== undefined && isKeyAsked)
    await trying(look, 'I7', async () => {
      for await (const one of judgeSeatKeys(redisUrl, sources, times.holdSecondsMax)) add(one)
    })
  return found
}

const sayEvery = 100_000

async function judgeOrders(
  { sources, places, look, say, asked }: Across,
  add: (one: Omit<Violation, 'invariant'>) => void,
): Promise<void> {
  const hasLedger = places.ledger !== undefined
  let rows = 0
  let imported = 0
  let elsewhere = 0
  try {
    for await (const dossier of readDossiers(sources, places, asked?.orderIds)) {
      if (dossier.order?.isImported) imported++
      else rows++
      elsewhere += dossier.payments.some(isElsewhere) ? 1 : 0
      if ((rows + imported) % sayEvery === 0) say(`${rows + imported} orders`)
      for (const verdict of judge(dossier, { hasLedger })) add(verdict)
    }
  } catch (err) {
    // I13 is told by whoever called; the others are read along with it.
    const why = err instanceof Error ? err.message : String(err)
    for (const id of ofOrders) if (id !== 'I13') look.unread(id, why)
    throw err
  }
  if (asked) return
  for (const id of ofOrders) look.counted(id, rows, imported)
  if (elsewhere > 0)
    look.skip('I5', `${elsewhere} payments went through a provider whose ledger is not read here`)
}

const isElsewhere = ({ provider, isImported }: { provider: string | null; isImported: boolean }) =>
  !isImported && provider !== null && provider !== 'sandbox'
