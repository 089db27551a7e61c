import { usersAudit } from '../../contracts/audit.ts'
import * as contract from '../../contracts/user-admin.ts'
import type { App } from '../_runtime/app.ts'
import { auditRoute } from '../_runtime/audit.ts'
import { on, userOf } from '../_runtime/on.ts'
import { banUser, searchUsers, setRoles, unbanUser } from './administration.ts'
import type { Deps } from './deps.ts'
import { readErasure } from './erasures.ts'
import { etagOf, matching } from './views.ts'

/** What only admins may do. */
export function adminRoutes(app: App, deps: Deps): void {
  on(app, deps, contract.searchUsers, async (c, { query: { search, page, size } }) => {
    const { items, total } = await searchUsers(deps, search, { page, size })
    return c.json({ items, page, size, total })
  })

  on(app, deps, contract.setRoles, async (c, { params: { id }, body, headers, caller }) => {
    const acting = { actorId: userOf(caller).id, id }
    const user = await setRoles(deps, acting, body.roles, matching(headers['if-match']))
    return c.json(user, 200, { etag: etagOf(user) })
  })

  on(app, deps, contract.banUser, async (c, { params: { id }, body, caller }) =>
    c.json(await banUser(deps, { actorId: userOf(caller).id, id }, body.reason)),
  )

  on(app, deps, contract.unbanUser, async (c, { params: { id }, body, caller }) =>
    c.json(await unbanUser(deps, { actorId: userOf(caller).id, id }, body.reason)),
  )

  on(app, deps, contract.erasureProgress, async (c, { params: { id } }) =>
    c.json(await readErasure(deps, id)),
  )

  auditRoute(app, deps, usersAudit)
}
