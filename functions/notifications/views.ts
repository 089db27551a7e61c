import { Message } from '../../contracts/notifications.ts'
import type { MessageRow } from './store/messages.ts'

/** A message as the contract shows it: that it was sent, never what it said. */
export const presentMessage = (row: MessageRow): Message => ({
  id: row.id,
  kind: Message.shape.kind.parse(row.kind),
  subject: row.subject,
  orderId: row.order_id,
  status: Message.shape.status.parse(row.status),
  createdAt: row.created_at.toISOString(),
  sentAt: row.sent_at?.toISOString() ?? null,
})
