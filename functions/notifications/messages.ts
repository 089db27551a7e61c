import type { Calls } from '../_runtime/calls.ts'
import { current } from '../_runtime/context.ts'
import { newId } from '../_runtime/ids.ts'
import { nobody } from '../_runtime/personal-data.ts'
import { isPlanted } from '../_runtime/planted.ts'
import type { Seal } from '../_runtime/seal.ts'
import { bannedLetter, isLink, linkMail, subjects } from './account-mail.ts'
import { openContact } from './contacts.ts'
import type { Deps } from './deps.ts'
import type { AccountKind, Draft, OrderFacts, OrderKind, TicketsFacts } from './drafts.ts'
import type { Mail } from './mailer.ts'
import { orderMail } from './order-mail.ts'
import { pictureOf } from './picture.ts'
import type { DueMessage } from './store/deliveries.ts'
import { insertAccountMessage } from './store/messages.ts'
import { ticketsMail } from './tickets-mail.ts'

/** Queues a message, once however often it is told of, and sends it right after. */
export async function queueMessage(deps: Deps, draft: Draft): Promise<void> {
  // An order whose buyer was erased: there is nobody to tell.
  if (draft.recipientId === nobody) return
  const id = newId()
  const { secrets } = draft
  const sealed = secrets ? deps.seal.seal(JSON.stringify(secrets), contextOf(id)) : null
  const { correlationId } = current()
  // Without a name that the second delivery has too, each delivery is a first one.
  const named = isPlanted('inbox-left-out') ? { ...draft, orderVersion: Date.now() % 1e9 } : draft
  const message = { id, draft: named, sealed, correlationId }
  const { isNew, isReachable } = await deps.insertMessage(message)
  // Whose recipient became known just then saw no message, as it saw no recipient. Also one that was there before:
  // a process may have died between the two.
  const isDue = (isNew && isReachable) || (await deps.releaseMessages(draft.recipientId))
  if (isDue) deps.sending.wake()
}

/** Queues a message about an account, once: its id is that of the link or the CloudEvent that it tells of. */
export async function queueAccountMessage(
  deps: Deps,
  { id, recipientId, kind }: { id: string; recipientId: string; kind: AccountKind },
): Promise<void> {
  const { correlationId } = current()
  const message = { id, recipientId, kind, subject: subjects[kind], correlationId }
  if (await insertAccountMessage(deps.database, message)) deps.sending.wake()
}

/** What mails are made with. */
export type Composing = { seal: Seal; publicUrl: string; calls: Calls }

/** The mail that a message becomes, in the name that its recipient has today; or why there is none. */
export async function composeMail(
  { seal, publicUrl, calls }: Composing,
  message: DueMessage & { contact: string },
): Promise<Mail | 'address-invalid' | 'link-over'> {
  const { id, kind, subject } = message
  if (isLink(kind)) return linkMail({ calls, publicUrl }, { id, subject })
  const to = openContact(seal, message.recipient_id, message.contact)
  if (!to) return 'address-invalid'
  const { name } = to
  if (kind === 'account-banned')
    return { id, to, subject, ...(await bannedLetter({ name, subject })), pictures: [] }
  if (kind !== 'tickets') {
    const facts = message.facts as OrderFacts
    const letter = await orderMail({ kind: kind as OrderKind, subject, facts, name })
    return { id, to, subject, ...letter, pictures: [] }
  }
  const facts = message.facts as TicketsFacts
  const codes = JSON.parse(seal.open(message.sealed ?? '', contextOf(id))) as string[]
  const tickets = facts.tickets.map(({ ticketId, label }, i) => ({
    label,
    code: codes[i] ?? '',
    cid: `${ticketId}@boxoffice`,
  }))
  const link = `${publicUrl}/v1/tickets?orderId=${message.order_id}`
  const [letter, pictures] = await Promise.all([
    ticketsMail({ facts, name, link, tickets }),
    Promise.all(tickets.map(async ({ cid, code }) => ({ cid, png: await pictureOf(code) }))),
  ])
  return { id, to, subject, ...letter, pictures }
}

const contextOf = (messageId: string) => `message ${messageId}`
