import { problems, type ProblemCode } from '../../contracts/problems.ts'
import { current } from './context.ts'

/** What RFC 9457 and we say of every problem; no fact may take its name. */
type Reserved = 'type' | 'title' | 'status' | 'detail' | 'instance' | 'code' | 'correlationId'
type Facts = Record<string, unknown> & { [Name in Reserved]?: never }

/** A refusal the caller can act on. Anything else that is thrown is a bug and answers 500. */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  readonly facts: Facts

  constructor(code: ProblemCode, detail: string, facts: Facts = {}, cause?: unknown) {
    super(detail, cause === undefined ? {} : { cause })
    this.code = code
    this.facts = facts
  }

  get status(): number {
    return problems[this.code].status
  }
}

/** The problem as RFC 9457 wants it. */
export function problemBody(problem: Problem, instance: string): Record<string, unknown> {
  const { status, title } = problems[problem.code]
  return {
    type: `urn:boxoffice:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    instance,
    code: problem.code,
    correlationId: current().correlationId,
    ...problem.facts,
  }
}

/** Seconds that a caller is asked to wait, for the codes whose remedy is to wait. */
export const retryAfterSeconds: Partial<Record<ProblemCode, number>> = {
  busy: 1,
  'request-in-progress': 1,
  'too-many-requests': 1,
}
