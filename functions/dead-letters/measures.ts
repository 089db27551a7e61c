import { Gauge } from 'prom-client'
import { events } from '../../contracts/events.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import type { Runtime } from '../_runtime/runtime.ts'
import { countWaiting } from './store/lists.ts'

export type Measures = {
  /** Counts one that came in. Labels are bounded: what no contract knows is `unknown`. */
  received(type: string, destination: FunctionName | undefined): void
  dropped(state: string, count: number): void
  replayed(outcome: string): void
}

export function createMeasures({ metrics, database, log }: Runtime): Measures {
  const received = metrics.counter(
    'dead_letters_total',
    'CloudEvents that came in as dead letters',
    ['type', 'destination'],
  )
  const dropped = metrics.counter(
    'dead_letters_dropped_total',
    'Dead letters that were forgotten because of the limits on what is kept',
    ['state'],
  )
  const replayed = metrics.counter('dead_letter_replays_total', 'Replays by what came of them', [
    'outcome',
  ])
  const waiting: Gauge = new Gauge({
    name: 'dead_letters_waiting',
    help: 'Dead letters that were neither replayed nor discarded; every instance says the same',
    registers: [metrics.registry],
    async collect() {
      // Without its database it says what it last knew: the other figures are wanted then more than ever.
      await countWaiting(database).then(
        (count) => waiting.set(count),
        (err: unknown) => log.warn({ err }, 'the waiting dead letters cannot be counted'),
      )
    },
  })
  return {
    received: (type, destination) =>
      received.inc({
        type: Object.hasOwn(events, type) ? type : 'unknown',
        destination: destination ?? 'unknown',
      }),
    dropped: (state, count) => dropped.inc({ state }, count),
    replayed: (outcome) => replayed.inc({ outcome }),
  }
}
