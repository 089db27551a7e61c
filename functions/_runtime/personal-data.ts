import { forgotten, shown, type Keeper, type OpenMatter } from '../../contracts/personal-data.ts'
import type { App, AppParts } from './app.ts'
import type { Sql, Statement } from './database.ts'
import { onCall } from './on-call.ts'

/** Who an order, a ticket or a hold belongs to once its person was erased. No token is ever made for him. */
export const nobody = '00000000-0000-0000-0000-000000000000'

/** What a function keeps about a person, and how it forgets him. */
export type PersonalDataOf = {
  /** By kind, newest first; one more of each than `recordsMax` where there is more. */
  show(userId: string): Promise<Record<string, Record<string, unknown>[]>>
  /** Takes the person out of all that is over, as often as it is asked. */
  forget(userId: string): Promise<void>
  /** What is not over yet. */
  open?(userId: string): Promise<OpenMatter[]>
}

const recordsMax = 1000

/** Binds the two routes with which users collects what is kept of somebody, and has him forgotten. */
export function personalDataRoutes(
  app: App,
  deps: AppParts,
  keeper: Keeper,
  { show, forget, open = async () => [] }: PersonalDataOf,
): void {
  onCall(app, deps, shown[keeper], async ({ params: { id } }) => {
    const [found, matters] = await Promise.all([show(id), open(id)])
    const kinds = Object.entries(found)
    const records = Object.fromEntries(kinds.map(([kind, all]) => [kind, all.slice(0, recordsMax)]))
    const isWhole = kinds.every(([, all]) => all.length <= recordsMax)
    return { records, isWhole, open: matters }
  })

  onCall(app, deps, forgotten[keeper], async ({ params: { id } }) => {
    // Asked first: what ends between the two steps is named as open, and forgotten at the next time.
    const matters = await open(id)
    await forget(id)
    return { open: matters }
  })
}

/** Runs a statement for each kind: it takes the user's id and how many rows it may give. */
export async function readKinds<Kind extends string>(
  sql: Sql,
  userId: string,
  kinds: Record<Kind, Statement>,
): Promise<Record<Kind, Record<string, unknown>[]>> {
  const read = async ([kind, one]: [string, Statement]) =>
    [kind, await sql.query(one, [userId, recordsMax + 1])] as const
  const all = await Promise.all(Object.entries<Statement>(kinds).map(read))
  return Object.fromEntries(all) as Record<Kind, Record<string, unknown>[]>
}
