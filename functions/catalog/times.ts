import { Problem } from '../_runtime/problem.ts'

/**
 * A part of a request with the named times in UTC and milliseconds. Throws `invalid-request` where one falls
 * outside the years 1 to 9999, in which RFC 3339 and Postgres agree. `at` is where the part stands.
 */
export function inUtc<Part extends object>(
  at: string,
  part: Part,
  names: readonly (keyof Part & string)[],
): Part {
  const times = names.flatMap((name) => {
    const time = part[name]
    return typeof time === 'string' ? { name, time: new Date(time) } : []
  })
  const errors = times
    .filter(({ time }) => time.getUTCFullYear() < 1 || time.getUTCFullYear() > 9999)
    .map(({ name }) => ({ pointer: `${at}/${name}`, detail: 'must be in the years 1 to 9999' }))
  if (errors.length > 0)
    throw new Problem('invalid-request', 'A time is out of range; errors says which', { errors })
  return {
    ...part,
    ...Object.fromEntries(times.map(({ name, time }) => [name, time.toISOString()])),
  }
}
