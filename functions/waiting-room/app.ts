import { waitingRoomAudit } from '../../contracts/audit.ts'
import * as contract from '../../contracts/waiting-room.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { auditRoute } from '../_runtime/audit.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { on } from '../_runtime/on.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { joinQueue, lookAtPlace } from './places.ts'
import { changeRoom, publishHot } from './rooms.ts'
import { openSink } from './sink.ts'
import { presentRoom } from './views.ts'

export function createApp(deps: Deps, reactions: Reactions) {
  const app = createFunctionApp(deps)

  on(app, deps, contract.setWaitingRoom, async (c, { params, body, caller }) =>
    c.json(presentRoom(await changeRoom(deps, params.eventId, body, caller))),
  )

  on(app, deps, contract.getPlace, async (c, { params: { eventId }, caller }) =>
    c.json(await lookAtPlace(deps, eventId, caller)),
  )

  on(app, deps, contract.joinWaitingRoom, async (c, { params: { eventId }, caller }) =>
    c.json(await joinQueue(deps, eventId, caller)),
  )

  on(app, deps, contract.placeStream, async (c, { params: { eventId }, caller }) => {
    const room = await deps.rooms.of(eventId)
    return deps.audience.enter(room, caller, () => openSink(c))
  })

  on(app, deps, contract.listHotEvents, async (c) => c.json(await publishHot(deps)))

  auditRoute(app, deps, waitingRoomAudit)
  personalDataRoutes(app, deps, 'waiting-room', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}
