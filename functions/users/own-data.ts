import { keepers } from '../../contracts/personal-data.ts'
import { listActs } from '../_runtime/audit.ts'
import { listApiKeys } from './api-keys.ts'
import type { Deps } from './deps.ts'
import { showIn } from './erasures.ts'
import { openImported } from './personal.ts'
import { noUser, presentEntity } from './profile.ts'

const sessionsMax = 1000
const actsMax = 1000

/** Everything that is kept about the user, here and elsewhere, but secrets. All of it or nothing: throws `function-unreachable`. */
export async function exportUser(deps: Deps, id: string) {
  const { database, seal } = deps
  const [{ User }, { Session }, em] = await Promise.all([
    import('./user.ts'),
    import('./session.ts'),
    database.em(),
  ])
  const user = await em.findOne(User, { id, erasedAt: null })
  if (!user) throw noUser(id)
  const [acts, functions] = await Promise.all([
    listActs(database, { subject: id, page: 1, size: actsMax }),
    collect(deps, id),
  ])
  const sessions = await em.find(
    Session,
    { userId: id },
    { orderBy: { createdAt: 'asc' }, limit: sessionsMax },
  )
  return {
    user: presentEntity({ seal }, user),
    sessions: sessions.map(({ createdAt, expiresAt }) => ({
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    })),
    apiKeys: await listApiKeys(deps, id),
    imported: openImported(seal, id, user.importedSealed ?? null),
    // Who the admin was is the admin's.
    audit: acts.items.map(({ actorId: _, correlationId: __, ...entry }) => entry),
    functions,
  }
}

async function collect(deps: Deps, userId: string) {
  const all = keepers.map(async (keeper) => {
    const { records, isWhole } = await showIn(deps, keeper, userId)
    return [keeper, { records, isWhole }] as const
  })
  return Object.fromEntries(await Promise.all(all))
}
