import * as z from 'zod'
import { functionNames } from './functions.ts'
import { ById, Id, Line, Page, paged, Time } from './primitives.ts'
import { route } from './route.ts'

export const deadLetterStates = ['DEAD', 'REPLAYED', 'DISCARDED'] as const
export const DeadLetterState = z.enum(deadLetterStates)

export const replayOutcomes = ['TAKEN', 'REFUSED', 'UNREACHED', 'UNKNOWN'] as const

export const DeadLetter = z
  .object({
    id: Id,
    state: DeadLetterState,
    event: z
      .object({
        id: z.string(),
        source: z.string(),
        type: z.string(),
        subject: z.string().nullable(),
      })
      .meta({ description: 'The CloudEvent' }),
    destination: z
      .string()
      .nullable()
      .meta({ description: 'Who did not take it, as the Broker names it; null where it did not' }),
    function: z
      .enum(functionNames)
      .nullable()
      .meta({ description: 'Our function at the destination, null where there is none' }),
    code: z.int().nullable().meta({ description: 'The status of its last answer' }),
    answer: z
      .string()
      .nullable()
      .meta({ description: 'The beginning of that answer; the Broker keeps 768 bytes' }),
    times: z.int().meta({ description: 'How often it came in' }),
    firstReceivedAt: Time,
    lastReceivedAt: Time,
    diedAt: Time.meta({ description: 'When it came in after it was last published' }),
    triedAt: Time.nullable().meta({ description: 'When it was last replayed' }),
    isReplaying: z.boolean(),
    settledAt: Time.nullable(),
    settledBy: Id.nullable().meta({ description: 'The admin who replayed or discarded it' }),
    reason: z.string().nullable().meta({ description: 'Why it was discarded' }),
    correlationId: z.string(),
    dataBytes: z.int(),
  })
  .meta({ id: 'DeadLetter' })
export type DeadLetter = z.infer<typeof DeadLetter>

export const Replay = z
  .object({
    id: Id,
    by: Id,
    via: z.enum(['function', 'broker']),
    startedAt: Time,
    endedAt: Time.nullable(),
    outcome: z.enum(replayOutcomes).nullable().meta({
      description: 'Null while it is under way, or where its process died: unknown too',
    }),
    code: z.int().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'Replay' })
export type Replay = z.infer<typeof Replay>

export const WholeDeadLetter = DeadLetter.extend({
  attributes: z
    .record(z.string(), z.string())
    .meta({ description: 'Every attribute and extension, as it came' }),
  contentType: z.string().nullable(),
  data: z.unknown().meta({ description: 'Where it is JSON; else null' }),
  dataBase64: z.string().meta({ description: 'The very bytes' }),
  replays: z.array(Replay).meta({ description: 'Newest first, at most 20' }),
}).meta({ id: 'WholeDeadLetter' })
export type WholeDeadLetter = z.infer<typeof WholeDeadLetter>

/** What dead letters can be chosen by; `unknown` is the destination of those whose Broker named none. */
const filter = {
  type: Line(500).optional(),
  function: z.enum(functionNames).optional(),
  destination: Line(2000).optional(),
}
const Code = z.int().min(0).max(999_999_999)

export const listDeadLetters = route({
  method: 'GET',
  path: '/v1/dead-letters',
  owner: 'dead-letters',
  summary: 'CloudEvents that could not be delivered, those that died last first',
  access: { roles: ['admin'] },
  data: 'any',
  query: z.strictObject({
    ...filter,
    // As text: `?code=` is no number, and not 0.
    code: z
      .string()
      .regex(/^\d{1,9}$/, 'must be a whole number')
      .transform(Number)
      .optional(),
    state: DeadLetterState.optional(),
    ...Page,
  }),
  answers: { 200: paged(DeadLetter) },
})

export const countDeadLetters = route({
  method: 'GET',
  path: '/v1/dead-letters/counts',
  owner: 'dead-letters',
  summary: 'How many there are by type, destination and code; the 200 largest groups',
  access: { roles: ['admin'] },
  data: 'any',
  query: z.strictObject({ state: DeadLetterState.default('DEAD') }),
  answers: {
    200: z.object({
      items: z.array(
        z.object({
          type: z.string(),
          destination: z.string().nullable(),
          function: z.enum(functionNames).nullable(),
          code: z.int().nullable(),
          count: z.int(),
          oldestAt: Time,
        }),
      ),
      total: z.int(),
    }),
  },
})

export const getDeadLetter = route({
  method: 'GET',
  path: '/v1/dead-letters/:id',
  owner: 'dead-letters',
  summary: 'One dead letter with its attributes, its data and what was done about it',
  access: { roles: ['admin'] },
  data: 'any',
  params: ById,
  answers: { 200: WholeDeadLetter },
  problems: ['not-found'],
})

export const replayDeadLetter = route({
  method: 'POST',
  path: '/v1/dead-letters/:id/replay',
  owner: 'dead-letters',
  summary: 'Delivers it again, to who did not take it, and says what came of it',
  access: { roles: ['admin'] },
  data: 'any',
  params: ById,
  query: z.strictObject({
    again: z
      .enum(['true', 'false'])
      .default('false')
      .meta({ description: 'Also where it was replayed or discarded before' }),
  }),
  answers: { 200: WholeDeadLetter },
  problems: ['not-found', 'dead-letter-settled', 'replay-in-progress'],
})

export const replayDeadLetters = route({
  method: 'POST',
  path: '/v1/dead-letters/replay',
  owner: 'dead-letters',
  summary: 'Delivers those that match again, the ones that were never tried first',
  access: { roles: ['admin'] },
  data: 'any',
  body: z.strictObject({
    ...filter,
    code: Code.optional(),
    limit: z.int().min(1).max(100).default(20),
  }),
  answers: {
    200: z.object({
      items: z.array(
        z.object({
          id: Id,
          state: DeadLetterState,
          outcome: z.enum(replayOutcomes),
          code: z.int().nullable(),
          detail: z.string().nullable(),
        }),
      ),
      waiting: z.int().meta({ description: 'Those that match and are still DEAD' }),
    }),
  },
})

export const discardDeadLetter = route({
  method: 'POST',
  path: '/v1/dead-letters/:id/discard',
  owner: 'dead-letters',
  summary: 'Says that it need not be delivered any more, and why',
  access: { roles: ['admin'] },
  data: 'any',
  params: ById,
  body: z.strictObject({ reason: Line(500) }),
  answers: { 200: WholeDeadLetter },
  problems: ['not-found', 'dead-letter-settled', 'replay-in-progress'],
})
