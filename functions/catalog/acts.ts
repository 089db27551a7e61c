import { recordAct, type Act } from '../_runtime/audit.ts'
import type { Sql } from '../_runtime/database.ts'
import { isAdmin, userOf } from '../_runtime/on.ts'
import type { Caller } from '../_runtime/tokens.ts'

/** Writes down what an admin does, also to what is his own; organizers leave no log. */
export async function recordAdmin(tx: Sql, caller: Caller, act: Act): Promise<void> {
  if (isAdmin(caller)) await recordAct(tx, userOf(caller).id, act)
}
