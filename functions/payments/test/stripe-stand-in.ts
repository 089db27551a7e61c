import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * What stripe-mock cannot show, because it keeps nothing: that money moves once. A PaymentIntent with its
 * states, idempotency keys that replay and are forgotten, refunds, and answers that are lost after the work.
 * Whether Stripe takes the requests at all is for stripe-mock to say (stripe-mock.test.ts).
 */
export type StandIn = Awaited<ReturnType<typeof openStandIn>>
export type Asked = { method: string; path: string; form: Record<string, string>; key: string }

type Intent = Record<string, any>
type Reply = { status: number; body: object }

/** What happens to the next request that `matches`: its work is done unless it is `refused` before. */
type Fault = { matches: RegExp; how: 'lost' | 'reset' | 'refused' | 'broken'; times: number }

export async function openStandIn() {
  const intents = new Map<string, Intent>()
  const refunds: Record<string, any>[] = []
  const keys = new Map<string, { request: string; reply: Reply }>()
  const asked: Asked[] = []
  const faults: Fault[] = []

  function create(form: Record<string, string>): Reply {
    const id = `pi_${randomUUID().replaceAll('-', '')}`
    const made = { id, object: 'payment_intent', status: 'requires_payment_method', taken: 0 }
    intents.set(id, {
      ...made,
      amount: Number(form.amount),
      currency: form.currency,
      metadata: metadataIn(form),
      client_secret: `${id}_secret_nobody_may_log`,
      last_payment_error: null,
      next_action: null,
    })
    return { status: 200, body: { ...intents.get(id) } }
  }

  function confirm(intent: Intent, form: Record<string, string>): Reply {
    if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status))
      return refusal(400, 'payment_intent_unexpected_state', intent)
    const token = form.payment_method ?? ''
    if (token === 'pm_odd') return refusal(400, 'parameter_unknown', intent)
    if (token === 'pm_gone') return refusal(400, 'resource_missing', intent, 'payment_method')
    if (token.startsWith('pm_declined_')) {
      const decline_code = token.slice('pm_declined_'.length)
      intent.last_payment_error = { code: 'card_declined', decline_code }
      return refusal(402, 'card_declined', intent)
    }
    intent.last_payment_error = null
    if (token === 'pm_3ds') {
      intent.status = 'requires_action'
      const url = `https://hooks.stripe.example/${intent.id}`
      intent.next_action = { type: 'redirect_to_url', redirect_to_url: { url } }
    } else if (token === 'pm_processing') intent.status = 'processing'
    else take(intent)
    return { status: 200, body: { ...intent } }
  }

  function take(intent: Intent): void {
    intent.status = 'succeeded'
    intent.next_action = null
    intent.taken += 1
  }

  function cancel(intent: Intent): Reply {
    if (['succeeded', 'canceled', 'processing'].includes(intent.status))
      return refusal(400, 'payment_intent_unexpected_state', intent)
    Object.assign(intent, { status: 'canceled', next_action: null })
    return { status: 200, body: { ...intent } }
  }

  function refund(form: Record<string, string>): Reply {
    const { payment_intent: of = '', amount } = form
    const back = refunds
      .filter((one) => one.payment_intent === of)
      .reduce((sum, one) => sum + one.amount, Number(amount))
    if (back > intents.get(of)?.amount) return refusal(400, 'charge_already_refunded', {})
    const metadata = metadataIn(form)
    // The cents of an amount decide, so that a test can ask for each.
    const status = { 1: 'pending', 2: 'failed' }[Number(amount) % 10] ?? 'succeeded'
    const made = { id: `re_${randomUUID()}`, object: 'refund', status, metadata }
    refunds.push({ ...made, payment_intent: of, amount: Number(amount) })
    return { status: 200, body: { ...refunds.at(-1) } }
  }

  function answer({ method, path, form }: Asked, query: URLSearchParams): Reply {
    const [, id = '', action] = /^\/v1\/payment_intents\/(\w+)(?:\/(\w+))?$/.exec(path) ?? []
    const intent = intents.get(id)
    if (method === 'POST' && path === '/v1/payment_intents') return create(form)
    if (path === '/v1/refunds')
      return method === 'POST'
        ? refund(form)
        : {
            status: 200,
            body: {
              object: 'list',
              data: refunds.filter((one) => one.payment_intent === query.get('payment_intent')),
            },
          }
    if (!intent) return refusal(404, 'resource_missing', {})
    if (action === 'confirm') return confirm(intent, form)
    return action === 'cancel' ? cancel(intent) : { status: 200, body: { ...intent } }
  }

  /** Stripe saves what a key was answered, errors too, and refuses the key for another request. */
  function once(one: Asked, query: URLSearchParams): Reply {
    const { method, path, form, key } = one
    if (method !== 'POST') return answer(one, query)
    const request = JSON.stringify([path, form])
    const kept = keys.get(key)
    if (kept && kept.request !== request)
      return { status: 400, body: { error: { type: 'idempotency_error', message: 'other' } } }
    const reply = kept?.reply ?? answer(one, query)
    keys.set(key, { request, reply: structuredClone(reply) })
    return reply
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://stripe')
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
    const key = String(incoming.headers['idempotency-key'] ?? '')
    const one = { method: incoming.method ?? '', path: pathname, form, key }
    asked.push(one)
    const fault = faults.find(({ matches, times }) => times > 0 && matches.test(pathname))
    if (fault) fault.times -= 1
    const reply =
      fault?.how === 'refused' ? refusal(429, 'rate_limit', {}) : once(one, searchParams)
    if (fault?.how === 'lost') return
    if (fault?.how === 'reset') return void incoming.socket.resetAndDestroy()
    const { status, body } = fault?.how === 'broken' ? refusal(500, 'api_error', {}) : reply
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ofKey = (key: string) =>
    [...intents.values()].filter(({ metadata }) => metadata.boxoffice_key === key)

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refunds,
    /** What happens to the next `times` requests whose path matches. */
    fail: (matches: RegExp, how: Fault['how'], times = 1) => faults.push({ matches, how, times }),
    /** As Stripe does after a day. */
    forgetKeys: () => keys.clear(),
    intentsOf: ofKey,
    /** How often money was taken under a key, whatever PaymentIntent it was. */
    takenUnder: (key: string) => ofKey(key).reduce((sum, { taken }) => sum + taken, 0),
    /** The payer approves on the page of 3-D Secure, if it is still open. */
    approve(key: string) {
      for (const intent of ofKey(key)) if (intent.status === 'requires_action') take(intent)
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const metadataIn = (form: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) => {
      const [, inner] = /^metadata\[(\w+)\]$/.exec(name) ?? []
      return inner === undefined ? [] : [[inner, value]]
    }),
  )

function refusal(status: number, code: string, intent: Intent, param?: string): Reply {
  const type = status === 402 ? 'card_error' : 'invalid_request_error'
  const error = {
    type,
    code,
    param,
    message: code,
    decline_code: '',
    payment_intent: { ...intent },
  }
  return { status, body: { error: intent.id ? error : { type, code, param, message: code } } }
}
