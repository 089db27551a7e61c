import * as keyContract from '../../contracts/api-keys.ts'
import * as contract from '../../contracts/users.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { on, userOf } from '../_runtime/on.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import { register } from './accounts.ts'
import { adminRoutes } from './admin-routes.ts'
import { createApiKey, exchangeApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import { clearRefreshToken, readRefreshToken, writeRefreshToken } from './cookie.ts'
import type { Deps } from './deps.ts'
import { exportUser } from './own-data.ts'
import { changeProfile, eraseUser, findProfile } from './profile.ts'
import { linkRoutes } from './link-routes.ts'
import { logIn, logOut, logOutEverywhere, refreshSession } from './sessions.ts'
import { etagOf, matching } from './views.ts'

const secret = { 'cache-control': 'no-store' }

export function createApp(deps: Deps, reactions: Reactions) {
  const app = createFunctionApp(deps)

  on(app, deps, contract.register, async (c, { body }) => {
    const user = await register(deps, body)
    return c.json(user, 201, { etag: etagOf(user) })
  })

  on(app, deps, contract.logIn, async (c, { body }) => {
    const { session, refreshToken, seconds } = await logIn(deps, body)
    writeRefreshToken(c, deps, refreshToken, seconds)
    return c.json(session, 200, secret)
  })

  on(app, deps, contract.refresh, async (c) => {
    const { session, refreshToken, seconds } = await refreshSession(deps, readRefreshToken(c))
    writeRefreshToken(c, deps, refreshToken, seconds)
    return c.json(session, 200, secret)
  })

  on(app, deps, contract.logOut, async (c) => {
    await logOut(deps, readRefreshToken(c))
    clearRefreshToken(c, deps)
    return c.body(null, 204)
  })

  on(app, deps, contract.logOutEverywhere, async (c, { caller }) => {
    await logOutEverywhere(deps, userOf(caller).id)
    clearRefreshToken(c, deps)
    return c.body(null, 204)
  })

  on(app, deps, contract.me, async (c, { caller }) => {
    const user = await findProfile(deps, userOf(caller).id)
    return c.json(user, 200, { etag: etagOf(user) })
  })

  on(app, deps, contract.changeMe, async (c, { body, headers, caller }) => {
    const isWanted = matching(headers['if-match'])
    const user = await changeProfile(deps, userOf(caller).id, body, isWanted)
    return c.json(user, 200, { etag: etagOf(user) })
  })

  on(app, deps, contract.eraseMe, async (c, { caller }) => {
    await eraseUser(deps, userOf(caller).id)
    clearRefreshToken(c, deps)
    return c.body(null, 204)
  })

  on(app, deps, contract.exportMe, async (c, { caller }) =>
    c.json(await exportUser(deps, userOf(caller).id), 200, secret),
  )

  on(app, deps, contract.jwks, async (c) =>
    c.json({ keys: await deps.keys.published() }, 200, { 'cache-control': 'public, max-age=300' }),
  )

  on(app, deps, keyContract.createApiKey, async (c, { body, caller }) =>
    c.json(await createApiKey(deps, userOf(caller).id, body), 201, secret),
  )

  on(app, deps, keyContract.listApiKeys, async (c, { caller }) =>
    c.json({ items: await listApiKeys(deps, userOf(caller).id) }),
  )

  on(app, deps, keyContract.deleteApiKey, async (c, { params: { id }, caller }) => {
    await revokeApiKey(deps, userOf(caller).id, id)
    return c.body(null, 204)
  })

  on(app, deps, keyContract.exchangeApiKey, async (c, { body }) =>
    c.json(await exchangeApiKey(deps, body.apiKey), 200, secret),
  )

  linkRoutes(app, deps)
  adminRoutes(app, deps)
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}
