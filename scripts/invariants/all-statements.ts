import { holdStatements, type Times } from './holds.ts'
import { orderCounts, orderStatements, paymentStatements } from './orders.ts'
import type { Moment } from './report.ts'
import { seatCounts, seatStatements } from './seats.ts'
import { messageCounts, messageStatements, standingStatements, unsentCounts } from './standing.ts'
import type { Count, Statement } from './statements.ts'
import { atAnyMoment, invariantOf, type Invariant } from './titles.ts'

const isAsked = (moment: Moment, invariant: Invariant) =>
  moment === 'quiet' || atAnyMoment.includes(invariant)

/** Every statement over one database that is asked at the moment. */
export const statementsOf = (moment: Moment, times: Times): Statement[] =>
  [
    ...seatStatements,
    ...orderStatements,
    ...paymentStatements,
    ...holdStatements(times),
    ...standingStatements(times),
    ...messageStatements,
  ].filter(({ title }) => isAsked(moment, invariantOf(title)))

export const countsOf = (moment: Moment): Count[] =>
  [...seatCounts, ...orderCounts, ...unsentCounts, ...messageCounts].filter(({ invariant }) =>
    isAsked(moment, invariant),
  )
