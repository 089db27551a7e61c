import { importContacts } from '../../functions/notifications/import.ts'
import { importUsers } from '../../functions/users/import.ts'
import type { Row } from '../form.ts'
import { acceptedOf, newOf, type Judged } from '../judge/verdicts.ts'
import type { Owners } from '../owners.ts'
import type { Progress } from '../progress.ts'

const usersAtOnce = 1000

/** Writes the users, and for notifications how they are reached. Rejects those whose address somebody here has. */
export async function writeUsers(
  { databases, seals }: Owners,
  progress: Progress,
  users: Judged['users'],
): Promise<void> {
  await progress.inPieces('users', newOf(users), usersAtOnce, async (piece) => {
    const rows = piece.map(({ id, item, original }) => ({
      id,
      externalId: String(item.number),
      name: item.name,
      email: item.email,
      phone: item.phone,
      createdAt: item.createdAt,
      row: original as Row,
    }))
    const present = await importUsers(databases.users, seals.users, rows)
    for (const { id, reasons } of piece) if (!present.has(id)) reasons.push('email-taken')
  })
  const reachable = acceptedOf(users).filter(({ flags }) => !flags.includes('erased-here'))
  await progress.inPieces('contacts', reachable, usersAtOnce, (piece) =>
    importContacts(
      databases.notifications,
      seals.notifications,
      piece.map(({ id, item: { email, name } }) => ({ userId: id, email, name, version: 1 })),
    ),
  )
}
