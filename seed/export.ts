import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readEvents, readVenues } from '../functions/catalog/export.ts'
import { readOrders } from '../functions/orders/export.ts'
import { readPayments } from '../functions/payments/export.ts'
import { readSeats } from '../functions/seating/export.ts'
import { readImportedTickets } from '../functions/tickets/export.ts'
import { readUsers } from '../functions/users/export.ts'
import { csvOf } from './csv.ts'
import { fileOf, names, type Name } from './form.ts'
import { openOwners, type Installation, type Owners } from './owners.ts'
import { render } from './render.ts'

export type ExportOptions = Installation & { folder: string; say: (line: string) => void }

/**
 * Writes everything back into seven files. A row that came from a data set and was not changed since is
 * written as it came; what was changed or made here is written as it is now. Gives the rows of each file. The
 * files hold personal data: only their owner may read them.
 */
export async function exportFolder(options: ExportOptions): Promise<Record<Name, number>> {
  const { folder, say } = options
  const owners = openOwners(options)
  try {
    const files = render(await readAll(owners))
    await mkdir(folder, { recursive: true })
    for (const name of names) {
      await writeFile(join(folder, fileOf(name)), csvOf(name, files[name]), { mode: 0o600 })
      say(`${fileOf(name)}: ${files[name].length} rows`)
    }
    const counts = names.map((name) => [name, files[name].length] as const)
    return Object.fromEntries(counts) as Record<Name, number>
  } finally {
    await owners.close()
  }
}

export type Everything = Awaited<ReturnType<typeof readAll>>

/** What refers to others is read before them: whoever is referred to is there already, also while sales go on. */
async function readAll({ databases, seals }: Owners) {
  const payments = await allPages((after) => readPayments(databases.payments, after))
  const tickets = await allPages((after) => readImportedTickets(databases.tickets, after))
  const orders = await allPages((after) => readOrders(databases.orders, after))
  const seats = await allPages((after) => readSeats(databases.seating, after))
  const events = await allPages((after) => readEvents(databases.catalog, after))
  const venues = await allPages((after) => readVenues(databases.catalog, after))
  const users = await allPages((after) => readUsers(databases.users, seals.users, after))
  return { users, venues, events, seats, orders, tickets, payments }
}

/** Pages until one is empty; `read` gives those after an id, in the order of ids. */
async function allPages<Item extends { id: string }>(
  read: (after: string | null) => Promise<Item[]>,
): Promise<Item[]> {
  const items: Item[] = []
  for (let after: string | null = null; ;) {
    const page: Item[] = await read(after)
    const last = page.at(-1)
    if (!last) return items
    for (const item of page) items.push(item)
    after = last.id
  }
}
