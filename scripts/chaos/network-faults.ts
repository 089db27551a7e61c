import { calm } from './delivery.ts'
import { faultyEdges } from './edges.ts'
import { blow, type Fault } from './fault.ts'
import { polite, type Manners } from './provider.ts'
import type { Edge, Trouble } from './proxy.ts'
import type { Random } from './random.ts'
import { pause } from './sales.ts'
import type { World } from './world.ts'

/** Edges that a purchase goes through are hit more often; losing answers hurts most before Postgres. */
const edgeOf = (random: Random) =>
  random.happens(0.5)
    ? random.pick(
        faultyEdges.filter((name) => /^(orders|payments|seating|tickets|people|bank)>/.test(name)),
      )
    : random.pick(faultyEdges)

function onOneEdge(what: string, weight: number, trouble: (random: Random) => Trouble): Fault {
  return {
    what,
    weight,
    draw: (random) => blow(edgeOf(random), random.between(300, 4000)),
    async strike(world, { target, forMs }, random) {
      const edge = world.edges.get(target) as Edge
      edge.trouble(trouble(random))
      await pause(forMs)
      edge.trouble({ kind: 'none' })
      return 1
    },
  }
}

/** Where an answer that is lost leaves somebody in doubt about seats or money. */
const committing = ['orders', 'payments', 'seating', 'tickets'].map((name) => `${name}>postgres`)
const asking = faultyEdges.filter((name) =>
  /^(orders|payments|gateway|people|bank)>(ingress|bank|gateway|webhooks)/.test(name),
)

function losingAnswers(what: string, edges: readonly string[]): Fault {
  return {
    what,
    weight: 3,
    draw: (random) => blow(random.pick(edges), random.between(1500, 4000)),
    async strike(world, { target, forMs }) {
      const edge = world.edges.get(target) as Edge
      const before = edge.counts.answersLost
      edge.trouble({ kind: 'deaf', chance: 0.6 })
      await pause(forMs)
      edge.trouble({ kind: 'none' })
      return edge.counts.answersLost - before
    },
  }
}

export const networkFaults = {
  'edge-slow': onOneEdge('every piece on an edge waits', 1, (random) => ({
    kind: 'slow',
    ms: random.between(20, 800),
  })),
  'edge-cut': onOneEdge('connections of an edge are reset, and new ones too', 2, () => ({
    kind: 'cut',
  })),
  'edge-silent': onOneEdge('nothing passes an edge and nobody is told', 1, () => ({
    kind: 'silent',
  })),
  'edge-sliced': onOneEdge('an edge hands on a few bytes at a time', 1, () => ({
    kind: 'sliced',
    bytesMax: 64,
  })),
  'commit-lost': losingAnswers(
    'a statement is committed, its answer is lost, the connection to Postgres is reset',
    committing,
  ),
  'answer-lost': losingAnswers(
    'a request between functions, to the bank or of a person takes effect, and its answer is lost',
    asking,
  ),
  swizzle: {
    what: 'some edges are cut one by one, and come back in another order',
    weight: 0.5,
    draw: (random) =>
      blow(random.shuffled(faultyEdges).slice(0, random.between(4, 10)).join(' '), 4000),
    async strike(world, { target, forMs }, random) {
      const names = target.split(' ')
      const set = async (order: readonly string[], trouble: Trouble) => {
        for (const name of order) {
          world.edges.get(name)?.trouble(trouble)
          await pause(forMs / 2 / order.length)
        }
      }
      await set(names, random.happens(0.5) ? { kind: 'cut' } : { kind: 'silent' })
      await set(random.shuffled(names), { kind: 'none' })
      return names.length
    },
  },
  broker: {
    what: 'the Broker delivers twice, late, in another order, loses attempts and answers, and forgets events',
    weight: 3,
    draw: (random) => blow('broker', random.between(2000, 5000)),
    async strike(world, { forMs }) {
      world.delivery.mood = { repeat: 0.3, late: 0.3, fail: 0.2, deaf: 0.2, lose: 0.1 }
      await pause(forMs)
      world.delivery.mood = calm
      return 1
    },
  },
  provider: {
    what: 'the payment provider fails before, fails after, does not answer, is slow, refuses refunds, and tells twice and late',
    weight: 3,
    draw: (random) => blow('bank', random.between(2000, 5000), random.pick(Object.keys(moods))),
    async strike(world, { forMs, detail }) {
      world.provider.manners = { ...polite, ...moods[detail], webhooks: 0.5 }
      await pause(forMs)
      world.provider.manners = polite
      return 1
    },
  },
} as const satisfies Record<string, Fault>

const moods: Record<string, Partial<Manners>> = {
  'fails-before': { refuse: 0.4 },
  'fails-after': { break: 0.4 },
  'no-answer': { silent: 0.4 },
  slow: { late: 0.6 },
  'refuses-refunds': { refundsRefused: 3, late: 0.2 },
  everything: { refuse: 0.15, break: 0.15, silent: 0.15, late: 0.2, refundsRefused: 1 },
}

/** Ends whatever is wrong with the network, the Broker and the provider. */
export function clearNetwork(world: World): void {
  for (const edge of world.edges.values()) edge.trouble({ kind: 'none' })
  world.delivery.mood = calm
  world.provider.manners = polite
}
