import { inContext } from './context.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** Work that is left standing. Gives how many rows it finished, so that a full batch is followed by another. */
export type Sweep = { name: string; run: () => Promise<number> }

export type Sweeps = {
  /** Runs every sweep in half a second, and again every 5 s for as long as the process lives. */
  start(): void
  /** Runs every sweep once, each until it finds nothing more. What fails is logged and left for the next time. */
  runAll(): Promise<void>
  /** Lets the round that is running end, and starts no other. */
  stop(): Promise<void>
}

const everyMs = 5000
/** Whoever woke this process waits for his answer: he is not to share its first connections with a sweep. */
const firstMs = 500
const roundsMax = 20

export function createSweeps(
  sweeps: readonly Sweep[],
  { log, metrics }: { log: Log; metrics: Metrics },
): Sweeps {
  let first: NodeJS.Timeout | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let stopped = false

  async function runOne({ name, run }: Sweep): Promise<void> {
    try {
      for (let i = 0; i < roundsMax && !stopped; i++) {
        const done = await inContext({}, run)
        metrics.sweptTotal.inc({ sweep: name }, done)
        if (done > 0) log.info({ sweep: name, done }, 'finished what was left standing')
        if (done === 0) return
      }
    } catch (err) {
      log.warn({ err, sweep: name }, 'a sweep stopped; the next one goes on')
    }
  }

  async function round(): Promise<void> {
    for (const sweep of sweeps) await runOne(sweep)
  }

  const runAll = () => (running ??= round().finally(() => (running = undefined)))

  return {
    start() {
      first = setTimeout(() => void runAll(), firstMs)
      // Instances that started together must not ask together for ever.
      timer = setInterval(() => void runAll(), everyMs + Math.random() * 500)
      timer.unref()
    },
    runAll,
    async stop() {
      stopped = true
      clearTimeout(first)
      clearInterval(timer)
      await running
    },
  }
}
