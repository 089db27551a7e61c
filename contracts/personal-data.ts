import * as z from 'zod'
import type { FunctionName } from './functions.ts'
import { ById, Id } from './primitives.ts'
import { route } from './route.ts'

/** What keeps a function from forgetting somebody: an order that is not over, an event that is still to come. */
export const OpenMatter = z.object({ what: z.enum(['order', 'payment', 'hold', 'event']), id: Id })
export type OpenMatter = z.infer<typeof OpenMatter>

/** A kind and what is kept of it about one person, newest first. */
const Records = z.record(z.string(), z.array(z.record(z.string(), z.unknown())))

export const PersonalData = z
  .object({
    records: Records,
    isWhole: z.boolean().meta({ description: 'False where there is more of a kind than is shown' }),
  })
  .meta({ id: 'PersonalData' })
export type PersonalData = z.infer<typeof PersonalData>

const shownBy = (owner: FunctionName) =>
  route({
    method: 'GET',
    path: `/v1/personal-data/${owner}/:id`,
    owner,
    summary: `Everything that ${owner} keeps about a user, and what of it is not over`,
    access: { functions: ['users'] },
    data: 'any',
    params: ById,
    answers: { 200: PersonalData.extend({ open: z.array(OpenMatter) }) },
  })

const forgottenBy = (owner: FunctionName) =>
  route({
    method: 'DELETE',
    path: `/v1/personal-data/${owner}/:id`,
    owner,
    summary: `Have ${owner} forget a user but for what is not over; may be repeated`,
    access: { functions: ['users'] },
    data: 'any',
    params: ById,
    answers: { 200: z.object({ open: z.array(OpenMatter) }) },
  })

const ofEach = <Made>(make: (owner: FunctionName) => Made) => ({
  catalog: make('catalog'),
  seating: make('seating'),
  orders: make('orders'),
  payments: make('payments'),
  tickets: make('tickets'),
  notifications: make('notifications'),
  'waiting-room': make('waiting-room'),
  'dead-letters': make('dead-letters'),
})

/** How each function that keeps something of people shows it, and how it forgets it. */
export const shown = ofEach(shownBy)
export const forgotten = ofEach(forgottenBy)

export type Keeper = keyof typeof shown
export const keepers = Object.keys(shown) as Keeper[]
