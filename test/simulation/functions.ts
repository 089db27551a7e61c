import { createContactSeal } from '../../functions/_runtime/contact.ts'
import type { App } from '../../functions/_runtime/app.ts'
import type { Reactions } from '../../functions/_runtime/receive.ts'
import type { Runtime } from '../../functions/_runtime/runtime.ts'
import type { Sweep } from '../../functions/_runtime/sweeps.ts'
import * as notificationsApp from '../../functions/notifications/app.ts'
import type { Mail } from '../../functions/notifications/mailer.ts'
import { createReactions as reactNotifications } from '../../functions/notifications/reactions.ts'
import { createSending } from '../../functions/notifications/sending.ts'
import { sweepsOf as sweepsOfNotifications } from '../../functions/notifications/start.ts'
import { createReleaseMessages } from '../../functions/notifications/store/contacts.ts'
import { createInsertMessage } from '../../functions/notifications/store/messages.ts'
import * as ordersApp from '../../functions/orders/app.ts'
import { readConfig as readOrders } from '../../functions/orders/config.ts'
import { createDeps as ordersDeps } from '../../functions/orders/deps.ts'
import { createReactions as reactOrders } from '../../functions/orders/reactions.ts'
import { sweepsOf as sweepsOfOrders } from '../../functions/orders/start.ts'
import * as paymentsApp from '../../functions/payments/app.ts'
import { readConfig as readPayments } from '../../functions/payments/config.ts'
import { createDeps as paymentsDeps } from '../../functions/payments/deps.ts'
import { createReactions as reactPayments } from '../../functions/payments/reactions.ts'
import { sweepsOf as sweepsOfPayments } from '../../functions/payments/start.ts'
import * as seatingApp from '../../functions/seating/app.ts'
import { readConfig as readSeating } from '../../functions/seating/config.ts'
import { createDeps as seatingDeps } from '../../functions/seating/deps.ts'
import { createReactions as reactSeating } from '../../functions/seating/reactions.ts'
import { sweepsOf as sweepsOfSeating } from '../../functions/seating/start.ts'
import * as ticketsApp from '../../functions/tickets/app.ts'
import { readConfig as readTickets } from '../../functions/tickets/config.ts'
import { createDeps as ticketsDeps } from '../../functions/tickets/deps.ts'
import { createReactions as reactTickets } from '../../functions/tickets/reactions.ts'
import { sweepsOf as sweepsOfTickets } from '../../functions/tickets/start.ts'
import type { Bank } from './bank.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** The functions that a purchase goes through. */
export const simulatedFunctions = [
  'seating',
  'orders',
  'payments',
  'tickets',
  'notifications',
] as const
export type SimulatedFunction = (typeof simulatedFunctions)[number]

type Built = { app: App; reactions: Reactions; sweeps: Sweep[] }
type Parts = {
  world: World
  process: Process
  runtime: Runtime
  bank: Bank | undefined
  sweep: () => Promise<void>
}
type Builder = (parts: Parts) => Built

const secret = 'thirty-two characters of no meaning'
const env = {
  DATABASE_URL: 'postgres://localhost/none',
  REDIS_URL: 'redis://localhost',
  BROKER_URL: 'http://localhost/none',
  SANDBOX_URL: 'http://localhost',
  SANDBOX_WEBHOOK_KEY: secret,
  SERVICE_KEY: secret,
  EVENT_KEY: secret,
  TICKET_KEY: secret,
}
const configs = {
  orders: readOrders(env),
  payments: readPayments(env),
  seating: readSeating(env),
  tickets: readTickets(env),
}

/** Each function as its `start.ts` puts it together, but for its ports. */
export const builders: Record<SimulatedFunction, Builder> = {
  seating({ world: { holdSeconds }, runtime, sweep }) {
    const config = {
      ...configs.seating,
      HOLD_SECONDS: holdSeconds,
      HOLD_SECONDS_MAX: holdSeconds * 2,
    }
    const deps = seatingDeps(runtime, config)
    const reactions = reactSeating(deps, sweep)
    return { app: seatingApp.createApp(deps, reactions), reactions, sweeps: sweepsOfSeating(deps) }
  },
  orders({ runtime, sweep }) {
    const deps = ordersDeps(runtime, configs.orders)
    const reactions = reactOrders(deps, sweep)
    return { app: ordersApp.createApp(deps, reactions), reactions, sweeps: sweepsOfOrders(deps) }
  },
  payments({ process, runtime, bank, sweep }) {
    const deps = paymentsDeps(runtime, configs.payments)
    if (bank) deps.provider = bank.provider(process)
    const reactions = reactPayments(deps, sweep)
    return {
      app: paymentsApp.createApp(deps, reactions),
      reactions,
      sweeps: sweepsOfPayments(deps),
    }
  },
  tickets({ runtime, sweep }) {
    const deps = ticketsDeps(runtime, configs.tickets)
    const reactions = reactTickets(deps, sweep)
    return { app: ticketsApp.createApp(deps, reactions), reactions, sweeps: sweepsOfTickets(deps) }
  },
  notifications({ runtime, sweep }) {
    const { database, log, metrics } = runtime
    const counted = metrics.counter('', '', [])
    // Codes are not sealed and letters not written: what matters here is how many there are.
    const seal = {
      seal: (text: string) => text,
      open: (text: string) => text,
      fingerprint: () => '',
    }
    const mailer = { send: async () => {}, close: () => {} }
    const compose = async ({ id }: { id: string }) => ({ id }) as Mail
    const sending = createSending({ database, mailer, log, counted, compose, atOnce: 2 })
    const insertMessage = createInsertMessage(database)
    const releaseMessages = createReleaseMessages(database)
    const contacts = createContactSeal(secret)
    const deps = { ...runtime, seal, contacts, mailer, sending, insertMessage, releaseMessages }
    const reactions = reactNotifications(deps, sweep)
    const app = notificationsApp.createApp(deps, reactions)
    return { app, reactions, sweeps: sweepsOfNotifications(deps) }
  },
}
