import { Agent } from 'node:http'
import { KeyReused, ProviderFailed, type Charge, type Provider } from './provider.ts'
import { exchange, type Exchanged } from './sandbox-http.ts'
import { BankCharge, chargeOf } from './sandbox-charge.ts'
import { readNews } from './sandbox-webhook.ts'

export type SandboxOptions = { url: string; webhookKey: string; limitMs: number }

/** The sandbox bank behind the port: a small process of its own with a ledger, and the default. */
export function createSandbox({ url, webhookKey, limitMs }: SandboxOptions): Provider {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 })
  const { hostname, port } = new URL(url)
  const ask = (method: string, path: string, key?: string, body?: object) =>
    exchange({ agent, host: hostname, port, method, path, key, body, limitMs })

  return {
    name: 'sandbox',
    async charge(key, { paymentId, amount, means }) {
      const body = { ...amount, ...means, reference: paymentId }
      const answer = await ask('POST', '/charges', key, body)
      if (answer.status === 422) throw new KeyReused()
      return readCharge(expect(answer, 200, 409))
    },
    async find(key) {
      const answer = expect(await ask('GET', `/charges/${encodeURIComponent(key)}`), 200, 404)
      return answer.status === 404 ? undefined : readCharge(answer)
    },
    cancel: async (key) =>
      readCharge(expect(await ask('POST', `/charges/${encodeURIComponent(key)}/cancel`), 200)),
    async refund(refundId, { reference, amount: { amountMinor } }) {
      expect(await ask('POST', '/refunds', refundId, { chargeId: reference, amountMinor }), 200)
    },
    verifyWebhook: (rawBody, headers, now) => readNews(webhookKey, rawBody, headers, now),
    close: () => agent.destroy(),
  }
}

const readCharge = ({ text }: Exchanged): Charge => {
  const parsed = BankCharge.safeParse(json(text))
  if (!parsed.success) throw new ProviderFailed('unknown', parsed.error)
  return chargeOf(parsed.data)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (err) {
    throw new ProviderFailed('unknown', err)
  }
}

/** After a 5xx the work may be done or not; any other status that is not expected is a bug of ours. */
function expect(answer: Exchanged, ...statuses: number[]): Exchanged {
  if (statuses.includes(answer.status)) return answer
  const err = new Error(`the bank answered ${answer.status}`)
  throw answer.status >= 500 ? new ProviderFailed('unknown', err) : err
}
