import { Id } from '../../contracts/primitives.ts'
import * as contract from '../../contracts/tickets.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { isAdmin, on, userOf } from '../_runtime/on.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { Problem } from '../_runtime/problem.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { codeOf } from './codes.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { pictureOf } from './picture.ts'
import { findTicket, listTickets, type TicketRow } from './store/tickets.ts'
import { presentTicket } from './views.ts'

/** Whoever has a code gets in: no cache between us and the holder keeps one. */
const unkept = { 'cache-control': 'no-store' }

export function createApp(deps: Deps, reactions: Reactions) {
  const { database, ticketKey } = deps
  const app = createFunctionApp(deps)

  on(app, deps, contract.listTickets, async (c, { query, caller }) => {
    const { rows, total } = await listTickets(database, { ...query, holderId: userOf(caller).id })
    const items = rows.map((row) => presentTicket(row, ticketKey))
    return c.json({ items, page: query.page, size: query.size, total }, 200, unkept)
  })

  // Before the next one: Hono takes the first that matches.
  on(app, deps, contract.ticketPicture, async (c, { params: { file }, caller }) => {
    const ticket = await ticketFor(deps, caller, file.slice(0, -'.png'.length))
    if (ticket.status === 'CANCELLED') throw new Problem('not-found', 'The ticket was cancelled')
    const picture = await pictureOf(codeOf(ticketKey, ticket.id))
    return c.body(picture, 200, {
      'content-type': 'image/png',
      'cache-control': 'private, max-age=300',
    })
  })

  on(app, deps, contract.getTicket, async (c, { params: { id }, caller }) =>
    c.json(presentTicket(await ticketFor(deps, caller, id), ticketKey), 200, unkept),
  )

  personalDataRoutes(app, deps, 'tickets', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}

/** A ticket, for its holder and for admins; everybody else learns nothing, not even that it exists. */
async function ticketFor({ database }: Deps, caller: Caller, id: string): Promise<TicketRow> {
  const ticket = Id.safeParse(id).success ? await findTicket(database, id) : undefined
  if (ticket && (ticket.holder_id === userOf(caller).id || isAdmin(caller))) return ticket
  throw new Problem('not-found', `You have no ticket ${id}`)
}
