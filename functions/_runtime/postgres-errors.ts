import { Problem } from './problem.ts'

/** SQLSTATEs that say nothing about the request, only about the moment: PostgreSQL, appendix A. */
const passing = new Set([
  '55P03',
  '57014',
  '40001',
  '40P01',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '25P03',
])
const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'EHOSTUNREACH',
])

/** True where the same work may succeed in a moment. Whether it took effect is unknown after a lost connection. */
export const isPassing = (err: unknown): boolean => {
  const code = codeOf(err)
  if (code !== undefined && (passing.has(code) || network.has(code) || code.startsWith('08')))
    return true
  return err instanceof Error && endOfConnection.test(err.message)
}

/** How pg says, without a code, that a connection is gone, before a statement, in it or since the one before. */
const endOfConnection = /timeout|connection terminated|^client .* is not queryable$/i

/** The SQLSTATE or the system's error code. */
export const codeOf = (err: unknown): string | undefined =>
  err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : undefined

/** True where Postgres itself refused, so that nothing of the statement took effect. */
export const wasRolledBack = (err: unknown): boolean => {
  const cause = err instanceof Problem ? err.cause : err
  return /^[0-9A-Z]{5}$/.test(codeOf(cause) ?? '') && !codeOf(cause)?.startsWith('08')
}

export const isUniqueViolation = (err: unknown, constraint?: string): boolean =>
  codeOf(err) === '23505' &&
  (constraint === undefined || (err as { constraint?: string }).constraint === constraint)

/** Translates what passes by itself into `busy`, with the driver's error as its cause. */
export async function withAdvice<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (err) {
    if (!isPassing(err)) throw err
    throw new Problem('busy', 'The database did not answer in time; try again', {}, err)
  }
}
