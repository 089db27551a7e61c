import { failpoint } from '../_runtime/failpoint.ts'
import type { Log } from '../_runtime/log.ts'
import type { Database } from '../_runtime/database.ts'
import { inContext, outsideContext } from '../_runtime/context.ts'
import { failureOf, type Failure, type Mail, type Mailer } from './mailer.ts'
import { claimMessages, endDelivery, type DueMessage, type Ended } from './store/deliveries.ts'

/**
 * Hands queued messages to the mail server, a few at a time. A message is claimed for a lease, sent, and
 * marked. Two processes never have the same one while its lease lasts. A process that dies between the
 * server's yes and the mark leaves a message that is sent once more when the lease is over, under the same
 * Message-ID.
 */
export type Sending = {
  /** Sends what is due, in the background. */
  wake(): void
  /** Sends what is due, as much as fits at once; gives how many messages came to their end. */
  sweep(): Promise<number>
  /** Takes no more, and waits for what is on its way. */
  stop(): Promise<void>
}

export type SendingOptions = {
  database: Database
  mailer: Mailer
  log: Log
  counted: { inc(labels: { kind: string; outcome: string }): void }
  /** The mail of a message, or why there is none and never will be. */
  compose: (message: DueMessage & { contact: string }) => Promise<Mail | string>
  atOnce: number
}

/** Longer than any attempt takes. */
export const leaseSeconds = 60
export const attemptsMax = 8

export function createSending(options: SendingOptions): Sending {
  const { database, log, counted, atOnce } = options
  const onTheirWay = new Set<Promise<boolean>>()
  let filling = Promise.resolve()
  let isFilling = false
  let isWanted = false
  let isStopped = false

  async function deliver(message: DueMessage): Promise<boolean> {
    const ended = await attempt(message, options)
    counted.inc({ kind: message.kind, outcome: ended.outcome })
    await endDelivery(database, message, ended)
    return ended.status !== 'QUEUED'
  }

  function start(message: DueMessage): void {
    const one = inContext({ correlationId: message.correlation_id }, () => deliver(message))
      .catch((err: unknown) => {
        log.error({ err, messageId: message.id }, 'a message waits until its lease is over')
        return false
      })
      .finally(() => {
        onTheirWay.delete(one)
        wake()
      })
    onTheirWay.add(one)
  }

  async function fill(): Promise<void> {
    isFilling = true
    try {
      while (isWanted && onTheirWay.size < atOnce && !isStopped) {
        isWanted = false
        const messages = await claimMessages(database, atOnce - onTheirWay.size, leaseSeconds)
        messages.forEach(start)
        if (messages.length > 0) isWanted = true
      }
    } catch (err) {
      log.warn({ err }, 'messages are sent later, by the sweep')
    } finally {
      isFilling = false
    }
  }

  /**
   * Whoever is filling looks once more; it ends only when nothing is wanted or no place is free. It outlives
   * the request that woke it, and must not end by its deadline.
   */
  function wake(): void {
    isWanted = true
    if (!isFilling) filling = outsideContext(fill)
  }

  return {
    wake,
    async sweep() {
      wake()
      await filling
      const ends = await Promise.all(onTheirWay)
      return ends.filter(Boolean).length
    },
    async stop() {
      isStopped = true
      await filling
      await Promise.all(onTheirWay)
    },
  }
}

async function attempt(
  message: DueMessage,
  { mailer, compose, log }: SendingOptions,
): Promise<Ended> {
  const { id: messageId, contact, attempts } = message
  if (contact === null) return { ...failed('recipient-erased'), forgets: true }
  // Only where the last attempt left no mark: whatever it does, it must not go on for ever.
  if (attempts > attemptsMax) return failed('attempts-over')
  let mail: Mail | string
  try {
    mail = await compose({ ...message, contact })
  } catch (err) {
    log.error({ err, messageId }, 'a message could not be written')
    return afterFailure(message, { outcome: 'REFUSED', isFinal: false, detail: 'not-composed' })
  }
  if (typeof mail === 'string') return failed(mail)
  try {
    failpoint('notifications.before-send')
    await mailer.send(mail)
    failpoint('notifications.sent')
    return { outcome: 'SENT', detail: null, status: 'SENT', waitSeconds: 0, forgets: false }
  } catch (err) {
    const failure = failureOf(err)
    log.warn({ messageId, attempts, detail: failure.detail }, 'a message was not taken')
    return afterFailure(message, failure)
  }
}

function afterFailure({ attempts }: DueMessage, { outcome, isFinal, detail }: Failure): Ended {
  if (isFinal || attempts === attemptsMax) return failed(detail, outcome)
  const waitSeconds = secondsAfter(attempts)
  return { outcome, detail, status: 'QUEUED', waitSeconds, forgets: false }
}

const failed = (detail: string, outcome: 'REFUSED' | 'UNKNOWN' = 'REFUSED'): Ended => ({
  outcome,
  detail,
  status: 'FAILED',
  waitSeconds: 0,
  forgets: false,
})

/** 10 s after the first attempt, then four times as long each time: about fifteen hours in all. */
export const secondsAfter = (attempts: number): number =>
  10 * 4 ** (attempts - 1) * (0.8 + Math.random() * 0.4)
