import type { Reactions } from '../_runtime/receive.ts'
import { followSealedUser, followUser, forgetUser } from './contacts.ts'
import type { Deps } from './deps.ts'
import { cancelledDraft, failedDraft, refundedDraft, ticketsDraft } from './drafts.ts'
import { queueAccountMessage, queueMessage } from './messages.ts'

/**
 * The CloudEvents that notifications takes. None needs an inbox: contacts go by their version, and a message
 * is unique by its order, its kind and, for refunds, the order's version; one about an account by its id.
 */
export function createReactions(deps: Deps, sweep: () => Promise<void>): Reactions {
  return {
    'dev.boxoffice.user.registered.v1': async ({ data }) => followUser(deps, data),
    'dev.boxoffice.user.updated.v1': async ({ data }) => followUser(deps, data),
    'dev.boxoffice.user.registered.v2': async ({ data }) => followSealedUser(deps, data),
    'dev.boxoffice.user.updated.v2': async ({ data }) => followSealedUser(deps, data),
    'dev.boxoffice.user.erased.v1': async ({ data }) => forgetUser(deps, data),
    'dev.boxoffice.user.banned.v1': async ({ id, data: { userId } }) =>
      queueAccountMessage(deps, { id, recipientId: userId, kind: 'account-banned' }),
    'dev.boxoffice.link.issued.v1': async ({ data: { linkId, userId, purpose } }) =>
      queueAccountMessage(deps, { id: linkId, recipientId: userId, kind: purpose }),
    'dev.boxoffice.tickets.issued.v1': async ({ data }) => queueMessage(deps, ticketsDraft(data)),
    'dev.boxoffice.order.cancelled.v1': async ({ data }) =>
      queueMessage(deps, cancelledDraft(data)),
    'dev.boxoffice.order.failed.v1': async ({ data }) => {
      const draft = failedDraft(data)
      if (draft) await queueMessage(deps, draft)
    },
    'dev.boxoffice.order.refunded.v1': async ({ data }) => queueMessage(deps, refundedDraft(data)),
    'dev.knative.sources.ping': sweep,
  }
}
