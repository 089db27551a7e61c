import * as contract from '../../contracts/payments.ts'
import { defaultBodyBytesMax } from '../../contracts/route.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { readBytes } from '../_runtime/body.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { isAdmin, on, userOf } from '../_runtime/on.ts'
import { onCall } from '../_runtime/on-call.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { Problem } from '../_runtime/problem.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import { charge, findPayment } from './charges.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { confirmIntent, intentOfOrder, prepareIntent } from './intents.ts'
import { refundPayment } from './refunds.ts'
import { findPaymentRow } from './store/payments.ts'
import { voidPayment } from './voids.ts'
import { takeNews } from './webhooks.ts'

export function createApp(deps: Deps, reactions: Reactions) {
  const app = createFunctionApp(deps)

  onCall(app, deps, contract.charge, async ({ headers, body }) => {
    checkKey(headers['idempotency-key'], body.orderId)
    return charge(deps, body)
  })

  onCall(app, deps, contract.voidPayment, async ({ body: { orderId } }) => ({
    payment: await voidPayment(deps, orderId),
  }))

  onCall(app, deps, contract.findPayment, ({ params: { orderId } }) => findPayment(deps, orderId))

  onCall(app, deps, contract.refundPayment, ({ params: { id }, body }) =>
    refundPayment(deps, { paymentId: id, ...body }),
  )

  on(app, deps, contract.getPayment, async (c, { params: { id }, caller }) => {
    const row = await findPaymentRow(deps.database, id)
    const isTheirs = isAdmin(caller) || row?.payer_id === userOf(caller).id
    if (!row?.payment || !isTheirs) throw new Problem('not-found', `There is no payment ${id}`)
    return c.json(row.payment)
  })

  onCall(app, deps, contract.prepareIntent, ({ params: { id }, body }) =>
    prepareIntent(deps, { id, ...body }),
  )

  on(app, deps, contract.createIntent, async (c, { body: { orderId }, caller }) =>
    c.json(await intentOfOrder(deps, orderId, userOf(caller).id)),
  )

  on(app, deps, contract.confirmIntent, async (c, { params: { id }, body: means, caller }) => {
    const payment = await confirmIntent(deps, { id, payerId: userOf(caller).id, means })
    return c.json(payment, payment.status === 'PENDING' ? 202 : 200)
  })

  on(app, deps, contract.webhook, async (c, { params: { provider } }) => {
    if (provider !== deps.provider.name)
      throw new Problem('not-found', `Nobody here waits for news from ${provider}`)
    const rawBody = await readBytes(c, defaultBodyBytesMax)
    await takeNews(deps, deps.provider.verifyWebhook(rawBody, c.req.header(), deps.now()))
    failpoint('payments.news-taken')
    return c.body(null, 200)
  })

  personalDataRoutes(app, deps, 'payments', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}

/** Quoted, as the draft of the header wants it, or bare. */
function checkKey(key: string, orderId: string): void {
  if (key.replace(/^"(.*)"$/, '$1') === orderId) return
  throw new Problem('invalid-request', 'The Idempotency-Key of a charge is the id of its order', {
    errors: [{ pointer: '#/headers/idempotency-key', detail: 'must be the orderId of the body' }],
  })
}
