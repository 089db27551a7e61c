import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { csvOf } from './csv.ts'
import { fileOf, names, type Name, type Row } from './form.ts'
import { makeUsers } from './generate/people.ts'
import { makeVenues } from './generate/places.ts'
import { createRandom } from './generate/random.ts'
import { makeSales } from './generate/sales.ts'
import { makeSeats } from './generate/seats.ts'
import { makeEvents } from './generate/shows.ts'
import { sqlOf } from './generate/sql.ts'

/** Of the set that is committed. */
export const committedSeed = 2026

const users = 80
const orders = 400

/** A data set that keeps every rule; the same seed gives the same rows. */
export function generate(seed: number): Record<Name, Row[]> {
  const random = createRandom(seed)
  const people = makeUsers(random, users)
  const venues = makeVenues(random)
  const events = makeEvents(random, venues.ofKind)
  const seats = makeSeats(random, events)
  const sales = makeSales(random, { users: people, events, seats }, orders)
  return { users: people, venues: venues.rows, events, seats, ...sales }
}

/** The files of a data set, by their names: seven in CSV, and all of it in SQL. */
export function filesOf(rows: Record<Name, Row[]>): Record<string, string> {
  const csv = names.map((name) => [fileOf(name), csvOf(name, rows[name])] as const)
  return { ...Object.fromEntries(csv), 'etsr.sql': sqlOf(rows) }
}

/** Writes a generated set into a folder. */
export async function writeGenerated(to: string, seed: number): Promise<string[]> {
  await mkdir(to, { recursive: true })
  const files = Object.entries(filesOf(generate(seed)))
  for (const [file, text] of files) await writeFile(join(to, file), text)
  return files.map(([file]) => file)
}
