import { functionNames, type FunctionName } from '../../contracts/functions.ts'
import { failpoints } from '../../functions/_runtime/failpoint.ts'
import { blow, type Fault } from './fault.ts'
import { pause } from './sales.ts'
import { freeze, kill } from './signals.ts'
import type { World } from './world.ts'

/** Those that a purchase goes through are hit more often. */
const targets: readonly FunctionName[] = [
  ...functionNames,
  'orders',
  'orders',
  'payments',
  'payments',
  'seating',
  'seating',
  'tickets',
]

const points = functionNames.flatMap((name) => failpoints[name].map((point) => `${name} ${point}`))

const all = (world: World) => functionNames.flatMap(world.pidsOf)

export const processFaults = {
  kill: {
    what: 'kill -9 of a function, at any moment',
    weight: 4,
    draw: (random) => blow(random.pick(targets)),
    strike: async (world, { target }) => kill(world.pidsOf(target as FunctionName)),
  },
  failpoint: {
    what: 'kill -9 of a function at a named point of its work',
    weight: 7,
    draw: (random) => blow(random.pick(points), 4000),
    async strike(world, { target, forMs }) {
      const [name, point] = target.split(' ') as [FunctionName, string]
      world.arm(name, point)
      for (let ms = 0; ms < forMs && world.isArmed(name, point); ms += 100) await pause(100)
      return world.isArmed(name, point) ? 0 : 1
    },
  },
  pause: {
    what: 'SIGSTOP of a function, and SIGCONT later: it works on with what it knew',
    weight: 2,
    draw: (random) => blow(random.pick(targets), random.between(500, 4000)),
    async strike(world, { target, forMs }) {
      const pids = world.pidsOf(target as FunctionName)
      freeze(pids, forMs / 1000)
      await pause(forMs)
      return pids.length
    },
  },
  'machine-lost': {
    what: 'kill -9 of every function at once, as when their machine goes',
    weight: 0.3,
    draw: () => blow('all'),
    strike: async (world) => kill(all(world)),
  },
  clock: {
    what: 'a function whose clock is wrong by half a minute, or late by a quarter of an hour',
    weight: 1,
    draw: (random) =>
      blow(
        random.pick(targets.filter((name) => name !== 'gateway')),
        random.between(2000, 5000),
        String(random.pick([-30_000, 30_000, -16 * 60_000])),
      ),
    async strike(world, { target, forMs, detail }) {
      const name = target as FunctionName
      const span = { fromMs: Date.now(), untilMs: Infinity }
      world.clockWrong.push(span)
      world.skews.set(name, Number(detail))
      const killed = kill(world.pidsOf(name))
      await pause(forMs)
      world.skews.delete(name)
      kill(world.pidsOf(name))
      span.untilMs = Date.now()
      return killed
    },
  },
} as const satisfies Record<string, Fault>
