import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  handleWhen,
  type IPolicy,
} from 'cockatiel'

export type Breakers<Callee> = {
  /** Does the work, or throws cockatiel's `BrokenCircuitError` while the callee is left alone. */
  execute<Result>(callee: Callee, work: () => Promise<Result>): Promise<Result>
}

const failuresMax = 8
const openMs = 2000

type Breaker = { policy: IPolicy; openUntil: number }

/**
 * Eight failures in a row, and a callee is left alone for two seconds. The policy would time that by the wall
 * clock, and one that is set back would keep it from being asked for as long: so the time is kept here.
 */
export function createBreakers<Callee>(isFailure: (err: unknown) => boolean): Breakers<Callee> {
  const breakers = new Map<Callee, Breaker>()

  function breakerOf(callee: Callee): Breaker {
    const known = breakers.get(callee)
    if (known) return known
    const policy = circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: -Infinity,
      breaker: new ConsecutiveBreaker(failuresMax),
    })
    const made: Breaker = { policy, openUntil: -Infinity }
    policy.onBreak(() => (made.openUntil = performance.now() + openMs))
    breakers.set(callee, made)
    return made
  }

  return {
    async execute(callee, work) {
      const { policy, openUntil } = breakerOf(callee)
      if (performance.now() < openUntil) throw new BrokenCircuitError()
      return policy.execute(work)
    },
  }
}
