import * as contract from '../../contracts/seating.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { on, userOf } from '../_runtime/on.ts'
import { onCall } from '../_runtime/on-call.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { Problem } from '../_runtime/problem.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import { streamFeed } from '../_runtime/sse.ts'
import { sellSeats } from './allocations.ts'
import { seatFeed } from './changes.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { adoptHold, extendHold, giveUpHold, placeHold, releaseHold } from './holds.ts'
import { seatMapOf } from './seat-map.ts'
import { findSale } from './store/events.ts'
import { countBySection, findSeat, listSeats } from './store/seats.ts'
import { presentSeat, presentSummary } from './views.ts'

const noEvent = (id: string) => new Problem('not-found', `There is no event ${id}`)

export function createApp(deps: Deps, reactions: Reactions) {
  const { database, redis } = deps
  const app = createFunctionApp(deps)

  on(app, deps, contract.listSeats, async (c, { query }) => {
    const { rows, total } = await listSeats(database, query)
    return c.json({ items: rows.map(presentSeat), page: query.page, size: query.size, total })
  })

  on(app, deps, contract.seatSummary, async (c, { query: { eventId } }) => {
    const sections = await countBySection(database, eventId)
    if (sections.length === 0 && !(await findSale(database, eventId))) throw noEvent(eventId)
    return c.json(presentSummary(eventId, sections))
  })

  on(app, deps, contract.seatMap, async (c, { query: { eventId }, headers }) => {
    const map = await seatMapOf(deps, eventId)
    if (!map) throw noEvent(eventId)
    const cache = { etag: map.etag, 'cache-control': 'no-cache' }
    if (headers['if-none-match'] === map.etag) return c.body(null, 304, cache)
    return c.body(await map.body(), 200, { ...cache, 'content-type': 'application/json' })
  })

  on(app, deps, contract.seatStream, async (c, { query: { eventId }, headers }) => {
    if (!(await findSale(database, eventId))) throw noEvent(eventId)
    return streamFeed(c, seatFeed(database, redis, eventId), headers['last-event-id'])
  })

  on(app, deps, contract.getSeat, async (c, { params: { id } }) => {
    const seat = await findSeat(database, id)
    if (!seat) throw new Problem('not-found', `There is no seat ${id}`)
    return c.json(presentSeat(seat))
  })

  on(app, deps, contract.reserveSeats, async (c, { body: { eventId, ...choice }, caller }) => {
    const hold = await placeHold(deps, { eventId, buyerId: userOf(caller).id, choice })
    return c.json(hold, 201)
  })

  on(app, deps, contract.releaseSeats, async (c, { body: { holdId }, caller }) => {
    await releaseHold(deps, holdId, userOf(caller).id)
    return c.body(null, 204)
  })

  on(app, deps, contract.extendHold, async (c, { body: { holdId }, caller }) =>
    c.json(await extendHold(deps, holdId, userOf(caller).id)),
  )

  onCall(app, deps, contract.holdForOrder, async ({ params: { id }, body }) => {
    const { eventId, orderId, buyerId, holdId, ...choice } = body
    return holdId === undefined
      ? placeHold(deps, { holdId: id, orderId, eventId, buyerId, choice })
      : adoptHold(deps, { id: holdId, buyerId, orderId, eventId })
  })

  onCall(app, deps, contract.releaseHold, ({ params: { id }, query: { orderId } }) =>
    giveUpHold(deps, id, orderId),
  )

  onCall(app, deps, contract.allocateSeats, ({ body }) => sellSeats(deps, body))

  personalDataRoutes(app, deps, 'seating', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}
