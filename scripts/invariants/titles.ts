/** What must be true after any fault, and each way in which it can turn out not to be. docs/invariants.md says what to do. */
export const invariants = {
  I1: {
    title: 'No seat is sold twice',
    violations: [
      'a seat is allocated more than once',
      'a seat has more than one live ticket',
      'a seat is allocated and not SOLD',
    ],
  },
  I2: {
    title: 'What is sold of an event fits what it has',
    violations: [
      'an event has more or fewer seats than were made',
      'a seat is SOLD to nobody',
      'something is held or sold that is not there',
    ],
  },
  I3: {
    title: 'Only states that can be, and no way out of an end',
    violations: [
      'an order left an end',
      'an order is in another state than was told',
      'an order is in a state that cannot be',
      'a payment is in a state that cannot be',
    ],
  },
  I4: {
    title: 'What was captured and not refunded is the price of the live lines',
    violations: [
      'the total of an order is not that of its lines',
      'a confirmed order was not paid as much as it costs',
      'a payment and the ledger differ',
      'a payment and its refunds differ',
    ],
  },
  I5: {
    title: 'No charge without an order',
    violations: [
      'a charge belongs to no order',
      'an order was charged more than once',
      'more went back than came',
      'money is kept for an order that is over',
      'a payment took money that the ledger does not know',
    ],
  },
  I6: {
    title: 'Each confirmed order has exactly its tickets, no other has a live one',
    violations: [
      'a confirmed order has other tickets than seats',
      'an order that is not confirmed has live tickets',
      'tickets belong to no order',
    ],
  },
  I7: {
    title: 'No hold blocks a seat beyond its time',
    violations: [
      'a seat is held by no live hold',
      'a live hold has lost a seat',
      'a hold stands long after its time',
      'a hold is longer than it may be',
      'an order that is over still holds seats',
      'a Redis key of a seat never ends, or too late',
      'a Redis key blocks a seat that nobody holds',
    ],
  },
  I8: {
    title: 'Each CloudEvent is sent, and each who takes it has heard',
    violations: [
      'a CloudEvent is not sent',
      'tickets has not heard how an order ended',
      'orders has not heard of its tickets',
      'a function has not heard of an event',
    ],
  },
  I9: {
    title: 'The token of a seat only grows',
    violations: [
      'a seat was sold without a token',
      'the token of a seat went back',
      'a seat changed hands under one token',
    ],
  },
  I10: {
    title: 'A key has one order, and its answer is kept',
    violations: [
      'a key has more than one order',
      'an order has no key',
      'an order came to its end and no answer is kept',
    ],
  },
  I11: {
    title: 'What was acknowledged is there',
    violations: ['an answer tells of an order that is not there'],
  },
  I12: {
    title: 'Nothing stands still',
    violations: [
      'an order stands still',
      'a payment stands still',
      'a refund stands still',
      'a CloudEvent is dead',
      'an advisory lock is held',
    ],
  },
  I13: {
    title: 'The functions agree on each order',
    violations: [
      'a confirmed order has other seats than its lines',
      'an order that is over still has seats',
      'seats belong to no order',
      'lines belong to no order',
      'an order and its payment disagree on how it ended',
      'a payment belongs to no order',
    ],
  },
  I15: {
    title: 'One message for each thing that happened',
    violations: [
      'no message tells of the tickets of an order',
      'something is told of in more than one message',
      'a message was sent more than once',
    ],
  },
} as const

export type Invariant = keyof typeof invariants
export type Title = (typeof invariants)[Invariant]['violations'][number]

/** Those that hold at every instant, also in the middle of a purchase: each is read in one statement. */
export const atAnyMoment: readonly Invariant[] = ['I1', 'I2', 'I3', 'I9']

const owners = new Map<Title, Invariant>(
  Object.entries(invariants).flatMap(([id, { violations }]) =>
    violations.map((title) => [title, id as Invariant] as const),
  ),
)

export const invariantOf = (title: Title): Invariant => owners.get(title) as Invariant

/** What this tool cannot see, whoever asks. */
export const elsewhere = [
  { invariant: 'I14', why: 'resources are measured by npm run chaos, which knows the baseline' },
  {
    invariant: 'I16',
    why: 'the order of holds is in the history of clients: npm run chaos has it',
  },
]
