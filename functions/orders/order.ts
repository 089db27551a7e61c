import type { OrderStatus } from '../../contracts/orders.ts'
import type { Means, PaymentStatus } from '../../contracts/payments.ts'
import type { Choice } from '../../contracts/seating.ts'
import type { Closing } from './saga.ts'

export type Line = {
  seatId: string
  label: string
  section: string
  row: string | null
  number: number | null
  priceMinor: number
  isRefunded: boolean
}

/** An order as the use cases handle it; money in minor units of `currency`. */
export type Order = {
  id: string
  buyerId: string
  eventId: string
  eventTitle: string
  startsAt: Date | null
  status: OrderStatus
  closing: Closing | null
  reason: string | null
  holdId: string
  holdExpiresAt: Date | null
  currency: string
  subtotalMinor: number
  taxMinor: number
  totalMinor: number
  refundedMinor: number
  lines: Line[]
  /** What it is paid with, while it is not settled. */
  means: Means | null
  /** What the buyer chose, while seats are still to be held. */
  choice: (Choice & { holdId?: string | undefined }) | null
  payment: { id: string | null; status: PaymentStatus; nextActionUrl: string | null } | null
  createdAt: Date
  confirmedAt: Date | null
  areTicketsIssued: boolean
  /** Money of some lines is asked back and not yet known to be. */
  isRefundDue: boolean
  /** Placed with `Prefer: respond-async`: seats and money are asked for over events. */
  isAsync: boolean
  isImported: boolean
  version: number
}

/** Nobody can go on but its buyer: he has yet to pay, or to answer his bank. */
export const waitsForBuyer = ({ status, closing, means, payment }: Order): boolean =>
  status === 'HELD' && !closing && (!means || payment?.status === 'PENDING')
