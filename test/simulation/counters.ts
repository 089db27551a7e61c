/**
 * The hard states that a run must have been in: one that was never there has shown nothing. Each is counted
 * where it is seen to happen.
 */
export const hardStates = {
  'expired-while-charging': 'a hold ran out while its order was being charged',
  'charge-unknown': 'a charge was made, and its answer was lost',
  'late-success': 'money came for an order whose hold was over or that had its end',
  compensation: 'a paid order lost its seats, and the money went back',
  'crash-midway': 'a function died with work in its hands',
  'statement-unknown': 'a statement was done, and its answer was lost',
  'commit-unknown': 'a transaction was committed, and its answer was lost',
  'redis-down-hold': 'a seat was held while Redis could not be reached',
  'redis-flushed': 'Redis lost every key',
  'event-twice': 'a CloudEvent was delivered twice',
  'dead-letter': 'a delivery was given up, kept, and replayed',
  'webhook-early': 'a webhook came before the answer that it tells of',
  'key-repeated': 'a request came again under its key',
  'key-reused': 'another request came under a used key',
  'event-cancelled': 'the event was cancelled while orders were open',
  refunded: 'an order was given back, whole or in part',
  'partly-refunded': 'one seat of an order was given back',
  'cancelled-by-buyer': 'a buyer cancelled an order that was not paid',
  'hold-extended': 'a hold was extended',
  'clock-skewed': 'the clock of a process was minutes wrong',
  'seat-contested': 'two buyers wanted one seat',
  'three-d-secure': 'a payer had to answer his bank first',
  'over-events': 'an order ran over events to its confirmation',
  outage: 'the database of a function could not be reached',
} as const

export type HardState = keyof typeof hardStates

export type Counters = Record<HardState, number>

export const newCounters = (): Counters =>
  Object.fromEntries(Object.keys(hardStates).map((name) => [name, 0])) as Counters

export function addCounters(sum: Counters, more: Counters): void {
  for (const name of Object.keys(more) as HardState[]) sum[name] += more[name]
}
