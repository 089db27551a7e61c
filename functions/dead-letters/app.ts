import type { Context } from 'hono'
import { deadLettersAudit } from '../../contracts/audit.ts'
import * as contract from '../../contracts/dead-letters.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { auditRoute } from '../_runtime/audit.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { on, userOf } from '../_runtime/on.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { takeDeadLetters } from './receiving.ts'
import { discard, replayMany, replayOne, wholeDeadLetter } from './replaying.ts'
import { countDeadLetters, listDeadLetters } from './store/lists.ts'
import { listReplays } from './store/replays.ts'
import { presentDeadLetter, presentGroups, presentWhole } from './views.ts'

export function createApp(deps: Deps) {
  const { database } = deps
  const app = createFunctionApp(deps)

  const answerWhole = async (c: Context, id: string) => {
    const [row, replays] = await Promise.all([wholeDeadLetter(deps, id), listReplays(database, id)])
    return c.json(presentWhole(row, replays))
  }

  on(app, deps, contract.listDeadLetters, async (c, { query }) => {
    const { rows, total } = await listDeadLetters(database, query)
    return c.json({
      items: rows.map(presentDeadLetter),
      page: query.page,
      size: query.size,
      total,
    })
  })

  on(app, deps, contract.countDeadLetters, async (c, { query: { state } }) =>
    c.json(presentGroups(await countDeadLetters(database, state))),
  )

  on(app, deps, contract.getDeadLetter, async (c, { params: { id } }) => answerWhole(c, id))

  on(app, deps, contract.replayDeadLetter, async (c, { params: { id }, query, caller }) => {
    await replayOne(deps, { id, by: userOf(caller).id, again: query.again === 'true' })
    return answerWhole(c, id)
  })

  on(app, deps, contract.replayDeadLetters, async (c, { body, caller }) =>
    c.json(await replayMany(deps, { ...body, by: userOf(caller).id })),
  )

  on(app, deps, contract.discardDeadLetter, async (c, { params: { id }, body, caller }) => {
    await discard(deps, { id, by: userOf(caller).id, reason: body.reason })
    return answerWhole(c, id)
  })

  auditRoute(app, deps, deadLettersAudit)
  personalDataRoutes(app, deps, 'dead-letters', personalData(deps))
  debugRoutes(app, deps)
  takeDeadLetters(app, deps)
  return app
}
