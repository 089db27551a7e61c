import { catalogAudit } from '../../contracts/audit.ts'
import * as contract from '../../contracts/catalog.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { auditRoute } from '../_runtime/audit.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { on, userOf } from '../_runtime/on.ts'
import { onCall } from '../_runtime/on-call.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { Problem } from '../_runtime/problem.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import { cancelEvent, publishEvent } from './announcing.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { changeEvent, deleteEvent, draftEvent } from './events.ts'
import { visibleEvent } from './ownership.ts'
import { etagOf } from './preconditions.ts'
import { scopeOf, wordsOf } from './search.ts'
import { findLayout } from './store/announce.ts'
import { listEvents, listVenues } from './store/search.ts'
import { inUtc } from './times.ts'
import { addVenue, changeVenue, deleteVenue, readVenue } from './venues.ts'
import { presentEvent, presentSummary, presentVenue } from './views.ts'

export function createApp(deps: Deps, reactions: Reactions) {
  const { database } = deps
  const app = createFunctionApp(deps)

  on(app, deps, contract.listVenues, async (c, { query: { q, ...filter } }) => {
    const { rows, total } = await listVenues(database, { ...filter, words: wordsOf(q) })
    return c.json({ items: rows.map(presentSummary), page: filter.page, size: filter.size, total })
  })

  on(app, deps, contract.createVenue, async (c, { body, caller }) => {
    const venue = await addVenue(deps, userOf(caller).id, body)
    return c.json(presentVenue(venue), 201, etagOf(venue))
  })

  on(app, deps, contract.getVenue, async (c, { params: { id } }) => {
    const venue = await readVenue(deps, id)
    return c.json(presentVenue(venue), 200, etagOf(venue))
  })

  on(app, deps, contract.changeVenue, async (c, { params: { id }, body, headers, caller }) => {
    const request = { id, ifMatch: headers['if-match'], change: body }
    const venue = await changeVenue(deps, caller, request)
    return c.json(presentVenue(venue), 200, etagOf(venue))
  })

  on(app, deps, contract.deleteVenue, async (c, { params: { id }, caller }) => {
    await deleteVenue(deps, caller, id)
    return c.body(null, 204)
  })

  on(app, deps, contract.listEvents, async (c, { query, caller }) => {
    const { q, from, to, mine, ...filter } = query
    const { rows, total } = await listEvents(database, {
      ...filter,
      ...inUtc('#/query', { from, to }, ['from', 'to']),
      ...scopeOf(caller, mine === 'true'),
      words: wordsOf(q),
    })
    return c.json({ items: rows.map(presentEvent), page: query.page, size: query.size, total })
  })

  on(app, deps, contract.createEvent, async (c, { body, caller }) => {
    const event = await draftEvent(deps, userOf(caller).id, body)
    return c.json(presentEvent(event), 201, etagOf(event))
  })

  on(app, deps, contract.getEvent, async (c, { params: { id }, caller }) => {
    const event = await visibleEvent(deps, id, caller)
    return c.json(presentEvent(event), 200, etagOf(event))
  })

  on(app, deps, contract.changeEvent, async (c, { params: { id }, body, headers, caller }) => {
    const request = { id, ifMatch: headers['if-match'], change: body }
    const event = await changeEvent(deps, caller, request)
    return c.json(presentEvent(event), 200, etagOf(event))
  })

  on(app, deps, contract.deleteEvent, async (c, { params: { id }, caller }) => {
    await deleteEvent(deps, caller, id)
    return c.body(null, 204)
  })

  on(app, deps, contract.publishEvent, async (c, { params: { id }, caller }) => {
    const event = await publishEvent(deps, caller, id)
    return c.json(presentEvent(event), 200, etagOf(event))
  })

  on(app, deps, contract.cancelEvent, async (c, { params: { id }, caller }) => {
    const event = await cancelEvent(deps, caller, id)
    return c.json(presentEvent(event), 200, etagOf(event))
  })

  onCall(app, deps, contract.getLayout, async ({ params: { id } }) => {
    const found = await findLayout(database, id)
    if (!found) throw new Problem('not-found', `No event ${id} was published with a layout`)
    const { layout, layout_version: layoutVersion, prices } = found
    return { eventId: id, layout, layoutVersion, prices }
  })

  auditRoute(app, deps, catalogAudit)
  personalDataRoutes(app, deps, 'catalog', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}
