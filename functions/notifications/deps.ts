import { createContactSeal, type ContactSeal } from '../_runtime/contact.ts'
import type { Runtime } from '../_runtime/runtime.ts'
import { createSeal, type Seal } from '../_runtime/seal.ts'
import type { Config } from './config.ts'
import { createMailer, type Mailer } from './mailer.ts'
import { composeMail } from './messages.ts'
import { createSending, type Sending } from './sending.ts'
import { createReleaseMessages } from './store/contacts.ts'
import { createInsertMessage } from './store/messages.ts'

/** What the use cases of notifications work with. */
export type Deps = Runtime & {
  seal: Seal
  contacts: ContactSeal
  mailer: Mailer
  sending: Sending
  insertMessage: ReturnType<typeof createInsertMessage>
  releaseMessages: ReturnType<typeof createReleaseMessages>
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  const { database, log, metrics } = runtime
  const seal = createSeal(config.KEY_SECRET)
  const mailer = createMailer({
    url: config.SMTP_URL,
    from: config.MAIL_FROM,
    seconds: config.SMTP_SECONDS,
    connections: config.MAILS_AT_ONCE,
  })
  const words = { seal, calls: runtime.calls, publicUrl: config.PUBLIC_URL.replace(/\/$/, '') }
  const sending = createSending({
    database,
    mailer,
    log,
    counted: metrics.counter(
      'notification_attempts_total',
      'Attempts to hand a message over, by kind of message and outcome',
      ['kind', 'outcome'],
    ),
    compose: (message) => composeMail(words, message),
    atOnce: config.MAILS_AT_ONCE,
  })
  const contacts = createContactSeal(config.CONTACT_KEY)
  const insertMessage = createInsertMessage(database)
  const releaseMessages = createReleaseMessages(database)
  return { ...runtime, seal, contacts, mailer, sending, insertMessage, releaseMessages }
}
