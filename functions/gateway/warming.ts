import { request } from 'node:http'
import type { FunctionName } from '../../contracts/functions.ts'
import type { PublicRoute } from './routes.ts'
import type { Upstreams } from './upstreams.ts'

export type Warming = {
  /** Called for each request that goes through; wakes what a buyer will need next. Costs it nothing. */
  see(route: PublicRoute): void
}

/** Whoever opens one of these is about to buy. */
const opening = new Set(['/v1/seats/map', '/v1/seats/stream'])

export type WarmingOptions = {
  functions: readonly FunctionName[]
  everyMs: number
  upstreams: Upstreams
  log: { debug(facts: Record<string, unknown>, message: string): void }
}

const wakeMsMax = 10_000

/**
 * A function that sleeps wakes while the buyer still chooses his seats. It is asked for its health, which it
 * answers as soon as it listens, at most once in `everyMs`; nobody waits for it, and what fails is tried by
 * the next who comes.
 */
export function createWarming({ functions, everyMs, upstreams, log }: WarmingOptions): Warming {
  let notBefore = -Infinity

  function wake(name: FunctionName): void {
    const { host, port, hostHeader: hostName, requests: agent } = upstreams.of(name)
    const headers = { host: hostName }
    const asked = request({ agent, host, port, path: '/health', headers, timeout: wakeMsMax })
    asked.on('response', (answer) => answer.resume())
    asked.on('timeout', () => asked.destroy(new Error('time limit')))
    asked.on('error', (err) => log.debug({ err, function: name }, 'a function did not wake'))
    asked.end()
  }

  return {
    see({ path }) {
      if (!opening.has(path)) return
      const now = performance.now()
      if (now < notBefore) return
      notBefore = now + everyMs
      setImmediate(() => functions.forEach(wake))
    },
  }
}
