import type { Outcome } from '../../compose/emulator/eventing/attempt.ts'
import type { Around } from '../../compose/emulator/eventing/delivery.ts'
import type { Random } from './random.ts'

/**
 * What a Broker may do to a delivery, each with its chance. `repeat`: it comes twice at the same time. `late`: it
 * waits, so that others overtake it. `fail`: the attempt never arrives and is made again. `deaf`: it arrives, its
 * answer does not, and it is made again. `lose`: the Broker forgets an event that it had taken, as a channel in
 * memory does when it dies.
 */
export type Mood = { repeat: number; late: number; fail: number; deaf: number; lose: number }

export const calm: Mood = { repeat: 0, late: 0, fail: 0, deaf: 0, lose: 0 }

export type Delivery = {
  around: Around
  mood: Mood
  counts: { tries: number; repeated: number; late: number; failed: number; lost: number }
}

const lateMsMax = 4000

/**
 * What the saga waits for it asks for again: only of these a loss heals. Others are promised to be delivered at
 * least once, by every Broker that may be used in production.
 */
const healing: Record<string, string> = {
  'dev.boxoffice.order.confirmed.v1': 'tickets',
  'dev.boxoffice.tickets.issued.v1': 'orders',
  'dev.boxoffice.seats.requested.v1': 'seating',
  'dev.boxoffice.seats.reserved.v1': 'orders',
  'dev.boxoffice.seats.refused.v1': 'orders',
  'dev.boxoffice.payment.requested.v1': 'payments',
  'dev.boxoffice.payment.succeeded.v1': 'orders',
  'dev.boxoffice.payment.failed.v1': 'orders',
}

const lostOnTheWay: Outcome = { kind: 'failed', isRetried: true, error: undefined }

/** Stands around the Broker's deliveries; does nothing while the mood is `calm`. */
export function createDelivery(random: Random): Delivery {
  const delivery: Delivery = {
    mood: calm,
    counts: { tries: 0, repeated: 0, late: 0, failed: 0, lost: 0 },
    async around(event, trigger, send) {
      const { mood, counts } = delivery
      counts.tries += 1
      const isHealing = trigger.startsWith(healing[event.attributes.type ?? ''] ?? '-')
      if (isHealing && random.happens(mood.lose)) {
        counts.lost += 1
        return { kind: 'taken' }
      }
      if (random.happens(mood.late)) {
        counts.late += 1
        await new Promise((resolve) => setTimeout(resolve, random.next() * lateMsMax))
      }
      if (random.happens(mood.fail)) {
        counts.failed += 1
        return lostOnTheWay
      }
      const sent = random.happens(mood.repeat) ? [send(), send()] : [send()]
      counts.repeated += sent.length - 1
      const [outcome] = await Promise.all(sent)
      if (!random.happens(mood.deaf)) return outcome as Outcome
      counts.repeated += 1
      return lostOnTheWay
    },
  }
  return delivery
}
