import { commonProblems, type ProblemCode } from '../../contracts/problems.ts'
import type { Route } from '../../contracts/route.ts'
import { Problem } from './problem.ts'

/** Runs a handler. A problem that its contract does not name becomes an error, which is a bug. */
export async function withNamedProblems<Answer>(
  route: Route,
  work: () => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    return await work()
  } catch (err) {
    if (err instanceof Problem) checkProblem(route, err.code, 'threw', err)
    throw err
  }
}

/** Throws where the contract does not name the problem. */
export function checkProblem(route: Route, code: ProblemCode, how: string, cause?: unknown): void {
  if (commonProblems.includes(code) || route.problems?.includes(code)) return
  throw new Error(`${where(route)} ${how} ${code}, which its contract does not name`, { cause })
}

/** Throws where the contract names no such answer, or another body. */
export async function checkAnswer(
  route: Route,
  status: number,
  body: () => unknown,
): Promise<void> {
  const schema = route.answers[status]
  if (schema === undefined)
    throw new Error(`${where(route)} answered ${status}, which its contract does not name`)
  if (schema === null || typeof schema === 'string') return
  const parsed = schema.safeParse(await body())
  if (!parsed.success)
    throw new Error(`${where(route)} answered ${status}: ${parsed.error.message}`)
}

const where = ({ method, path }: Route) => `${method} ${path}`
