import type { Sql } from '../_runtime/database.ts'
import { Problem } from '../_runtime/problem.ts'
import { hasOtherAdmin, type ManagedRow } from './store/administration.ts'

/** Throws `last-admin` where nobody else could give rights back. The caller has `lockAdmins`. */
export async function keepOneAdmin(
  tx: Sql,
  { id, roles, isBanned }: Pick<ManagedRow, 'id' | 'roles'> & { isBanned: boolean },
): Promise<void> {
  if (!roles.includes('admin') || isBanned || (await hasOtherAdmin(tx, id))) return
  throw new Problem('last-admin', 'Make somebody else an admin first')
}
