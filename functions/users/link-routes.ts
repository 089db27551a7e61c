import * as contract from '../../contracts/account-links.ts'
import type { App } from '../_runtime/app.ts'
import { on, userOf } from '../_runtime/on.ts'
import {
  changePassword,
  confirmEmail,
  requestEmail,
  resetPassword,
  verifyEmail,
} from './credentials.ts'
import type { Deps } from './deps.ts'
import { readLink, requestReset, requestVerification } from './links.ts'

/** Passwords, addresses, and the links that prove who may change them. */
export function linkRoutes(app: App, deps: Deps): void {
  on(app, deps, contract.requestReset, async (c, { body }) => {
    await requestReset(deps, body.email)
    return c.body(null, 202)
  })

  on(app, deps, contract.resetPassword, async (c, { body }) => {
    await resetPassword(deps, body.token, body.password)
    return c.body(null, 204)
  })

  on(app, deps, contract.requestVerification, async (c, { caller }) => {
    await requestVerification(deps, userOf(caller).id)
    return c.body(null, 202)
  })

  on(app, deps, contract.verifyEmail, async (c, { body }) => {
    await verifyEmail(deps, body.token)
    return c.body(null, 204)
  })

  on(app, deps, contract.changePassword, async (c, { body, caller }) => {
    const { id: userId, sessionId: keptId } = userOf(caller)
    await changePassword(deps, { userId, keptId }, body)
    return c.body(null, 204)
  })

  on(app, deps, contract.changeEmail, async (c, { body, caller }) => {
    await requestEmail(deps, userOf(caller).id, body)
    return c.body(null, 202)
  })

  on(app, deps, contract.confirmEmail, async (c, { body }) => {
    await confirmEmail(deps, body.token)
    return c.body(null, 204)
  })

  on(app, deps, contract.getLink, async (c, { params: { id } }) =>
    c.json(await readLink(deps, id), 200, { 'cache-control': 'no-store' }),
  )
}
