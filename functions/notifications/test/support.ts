import type { EventData } from '../../../contracts/events.ts'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking, look, type Answer } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps, type Deps } from '../deps.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { createReactions } from '../reactions.ts'
import { openMailServer } from './mail-server.ts'

/** Notifications on a database of its own, with a mail server of its own. */
export async function openNotifications(more: Record<string, string> = {}) {
  const mails = await openMailServer()
  const env = await notificationsEnv({ SMTP_URL: mails.url, ...more })
  const first = openInstance(env)
  const opened = {
    ...first,
    env,
    mails,
    async close() {
      await first.close()
      await opened.mails.close()
      await endTesting()
    },
  }
  return opened
}

export type Notifications = Awaited<ReturnType<typeof openNotifications>>

export const notificationsEnv = async (more: Record<string, string>) => ({
  ...(await testEnv('notifications', migrations)),
  KEY_SECRET: 'a secret of thirty-two bytes or more',
  CONTACT_KEY: 'another secret of thirty-two bytes',
  MAIL_FROM: 'Boxoffice <tickets@boxoffice.example>',
  ...more,
})

/** One instance of the function; several may stand on one database. */
export function openInstance(env: Record<string, string>) {
  const config = readConfig(env)
  const runtime = createRuntime('notifications', config, async () => entities)
  const deps: Deps = createDeps(runtime, config)
  const app = createApp(
    deps,
    createReactions(deps, async () => void (await deps.sending.sweep())),
  )
  const parts = asking(app, 'notifications')
  return {
    deps,
    ...parts,
    /** A person whom notifications knows. */
    async register({ name = 'Asha Rao', version = 1, userId = newId() } = {}) {
      const email = `${userId.slice(-12)}@mail.example`
      const contactSealed = deps.contacts.seal(userId, { name, email })
      const data = { userId, contactSealed, roles: ['customer'], version }
      await untilTaken(() => parts.deliver('dev.boxoffice.user.registered.v2', userId, data))
      return { userId, email, name }
    },
    issue: (issued: Issued) =>
      parts.deliver('dev.boxoffice.tickets.issued.v1', issued.orderId, issued),
    tell: (what: string, order: Order) =>
      parts.deliver(`dev.boxoffice.order.${what}.v1`, order.orderId, order),
    async close() {
      await deps.sending.stop()
      deps.mailer.close()
      await runtime.close()
    },
  }
}

export type Issued = EventData<'dev.boxoffice.tickets.issued.v1'>
export type Order = EventData<'dev.boxoffice.order.refunded.v1'>

export const codes = [
  'BX1.AZqhsgAAcACAAAAAAAAAAQ.7od44a84JoFrLKvKm_c4XA',
  'BX1.AZqhsgAAcACAAAAAAAAAAg.Q2x8mJ0aTrp9sVdK3fLw5g',
]

export const issuedTo = (holderId: string, more: Partial<Issued> = {}): Issued => ({
  orderId: newId(),
  eventId: newId(),
  holderId,
  eventTitle: 'The Tempest',
  venueName: 'Old Hall',
  city: 'Pune',
  startsAt: '2027-03-01T18:30:00.000Z',
  tickets: codes.map((code, i) => ({
    ticketId: newId(),
    seatId: newId(),
    label: `A-${i + 1}`,
    code,
  })),
  ...more,
})

export function orderOf(buyerId: string, more: Partial<Order> = {}): Order {
  const orderId = newId()
  return {
    orderId,
    version: 4,
    status: 'REFUNDED',
    reason: null,
    eventId: newId(),
    eventTitle: 'The Tempest',
    buyerId,
    holdId: orderId,
    lines: ['A-1', 'A-2'].map((label) => ({
      seatId: newId(),
      label,
      priceMinor: 50_000,
      refunded: true,
    })),
    total: { amountMinor: 105_000, currency: 'INR' },
    refunded: { amountMinor: 105_000, currency: 'INR' },
    ...more,
  }
}

/** Kind, status and reason of an order's messages, as `tickets QUEUED SMTP 451 at RCPT TO`. */
export const messagesOf = async ({ database }: Deps, orderId: string): Promise<string> =>
  (await look(
    database,
    `select coalesce(string_agg(concat_ws(' ', kind, status, reason), ', ' order by created_at), '')
     from messages where order_id = $1`,
    [orderId],
  )) as string

/** Makes the messages of an order due at once, as if their time had come. */
export const makeDue = ({ database }: Deps, orderId: string) =>
  look(database, `update messages set due_at = now() where order_id = $1`, [orderId])

/** Delivers as the Broker does: again, where it is answered that it may succeed later. */
export async function untilTaken(deliver: () => Promise<Answer>): Promise<void> {
  for (let attempt = 0; attempt <= 10; attempt++) {
    const { status } = await deliver()
    if (status === 204) return
    if (status < 500) throw new Error(`refused with ${status}`)
  }
  throw new Error('it was never taken')
}

/** Looks every 10 ms until it is so; fails after 10 s and more. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come about')
}

export { look } from '../../_runtime/testing/ask.ts'
