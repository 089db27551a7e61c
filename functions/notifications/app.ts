import * as contract from '../../contracts/notifications.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { on, userOf } from '../_runtime/on.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { listMessages } from './store/messages.ts'
import { presentMessage } from './views.ts'

export function createApp(deps: Deps, reactions: Reactions) {
  const app = createFunctionApp(deps)

  on(app, deps, contract.listMessages, async (c, { query, caller }) => {
    const filter = { ...query, recipientId: userOf(caller).id }
    const { rows, total } = await listMessages(deps.database, filter)
    return c.json({ items: rows.map(presentMessage), page: query.page, size: query.size, total })
  })

  personalDataRoutes(app, deps, 'notifications', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}
