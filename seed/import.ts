import { Currency } from '../contracts/primitives.ts'
import { readFolder } from './csv.ts'
import { fileOf } from './form.ts'
import { flagOddities, liveTickets } from './judge/oddities.ts'
import { placeSeats } from './judge/places.ts'
import { judgeSet } from './judge/set.ts'
import { judgeUsers } from './judge/users.ts'
import { findKnown, findKnownUsers } from './known.ts'
import { openOwners, type Installation, type Owners } from './owners.ts'
import { createProgress, type Progress } from './progress.ts'
import { linesOf, reportOf, writeReport, type Report } from './report.ts'
import { shiftOf } from './shift.ts'
import { writeEvents, writeSeatCounts, writeVenues } from './write/events.ts'
import { writeOrders, writePayments, writeTickets } from './write/orders.ts'
import { writeSeats } from './write/seats.ts'
import { writeUsers } from './write/users.ts'

export type ImportOptions = Installation & {
  /** Holds the seven files of the form. */
  folder: string
  /** Moves all events, so that the earliest one on sale lies a week to two ahead. */
  shiftDates?: boolean
  /** ISO 4217, with two decimals: the form names none. */
  currency?: string
  /** Where the report goes; it may hold personal data. */
  reportsTo: string
  say: (line: string) => void
  now?: () => Date
}

/**
 * Loads a data set into the databases of the functions. Each row is imported, or imported and flagged, or
 * rejected, and the report says which. Repeating it changes nothing, and after a crash it goes on where it
 * stopped: what is there is never written again. Throws, before anything is written, where the folder is no
 * data set.
 */
export async function importFolder(options: ImportOptions): Promise<Report> {
  const { folder, say, reportsTo } = options
  const currency = options.currency ?? 'INR'
  if (!Currency.safeParse(currency).success) throw new Error(`${currency} is no ISO 4217 code`)
  const sources = await readFolder(folder)
  const progress = createProgress(say)
  const owners = openOwners(options)
  try {
    const { judged, shiftSeconds } = await load(owners, progress, sources, { ...options, currency })
    const report = reportOf(folder, judged, shiftSeconds)
    await writeReport(reportsTo, report, judged)
    for (const line of linesOf(report)) say(line)
    say(`report, flagged and rejected rows: ${reportsTo}/${report.folder}*`)
    return report
  } finally {
    await owners.close()
  }
}

type Wishes = { shiftDates?: boolean; now?: () => Date; currency: string }

/** In the order in which one refers to another. A seat is written together with its sale, so nobody can buy it in between. */
async function load(
  owners: Owners,
  progress: Progress,
  sources: Awaited<ReturnType<typeof readFolder>>,
  { shiftDates, now, currency }: Wishes,
) {
  const told = <Result>(name: keyof typeof sources, work: () => Promise<Result>) =>
    progress.timed(`${fileOf(name)}: ${sources[name].length} rows`, work)

  const users = await told('users', async () => {
    const judgedUsers = judgeUsers(sources.users, await findKnownUsers(owners, sources.users))
    await writeUsers(owners, progress, judgedUsers)
    return judgedUsers
  })
  const { known, judged, places } = await progress.timed('all rows checked', async () => {
    const there = await findKnown(owners, sources)
    const rows = judgeSet(users, sources, there.set)
    const given = placeSeats(rows, there.places)
    flagOddities(rows, given)
    return { known: there, judged: rows, places: given }
  })
  const today = shiftDates ? (now?.() ?? new Date()) : null
  const shiftSeconds = shiftOf(judged.events, known.shifts, today)
  const context = { currency, shiftSeconds, places }

  await told('venues', () => writeVenues(owners, progress, judged))
  await told('events', () => writeEvents(owners, progress, judged, context))
  await told('seats', () => writeSeats(owners, progress, judged, { places, known: known.places }))
  const live = liveTickets(judged, places)
  await told('orders', () => writeOrders(owners, progress, judged, context))
  await told('tickets', () => writeTickets(owners, progress, judged, { live, places }))
  await told('payments', () => writePayments(owners, progress, judged, currency))
  await writeSeatCounts(owners, judged)
  return { judged, shiftSeconds }
}
