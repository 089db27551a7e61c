import { createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'
import type { Webhook } from './book.ts'

export type Webhooks = {
  /** Sends it after `afterMs`, and again until it is taken. */
  add(webhook: Webhook, afterMs: number): void
  close(): void
}

export type WebhooksOptions = {
  url: string
  key: string
  ended: (webhookId: string, outcome: 'acknowledged' | 'given-up') => void
}

const inFlightMax = 8
const answerMsMax = 10_000
const firstWaitMs = 1000
const waitMsMax = 300_000
const giveUpMs = 72 * 3_600_000
/** Beyond this they stay in the ledger only, and are sent after the next start. */
const keptMax = 100_000

/**
 * Tells `url`, at least once and in no order, until it answers 2xx. What fails waits longer each time and is
 * given up after three days.
 */
export function createWebhooks({ url, key, ended }: WebhooksOptions): Webhooks {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlightMax })
  const timers = new Set<NodeJS.Timeout>()
  const ready: { webhook: Webhook; tries: number }[] = []
  let inFlight = 0
  let isClosed = false

  function later(webhook: Webhook, tries: number, ms: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      ready.push({ webhook, tries })
      pump()
    }, ms)
    timers.add(timer)
  }

  function pump(): void {
    while (inFlight < inFlightMax && !isClosed) {
      const one = ready.shift()
      if (!one) return
      inFlight += 1
      void send(one.webhook, one.tries).finally(() => {
        inFlight -= 1
        pump()
      })
    }
  }

  async function send(webhook: Webhook, tries: number): Promise<void> {
    const status = await post(url, agent, signed(key, webhook.body), webhook.body)
    if (isClosed) return
    if (status >= 200 && status < 300) return ended(webhook.id, 'acknowledged')
    if (Date.now() - Date.parse(webhook.createdAt) > giveUpMs) return ended(webhook.id, 'given-up')
    const waitMs = Math.min(firstWaitMs * 2 ** tries, waitMsMax)
    later(webhook, tries + 1, waitMs * (0.5 + Math.random() / 2))
  }

  return {
    add(webhook, afterMs) {
      if (timers.size + ready.length < keptMax) later(webhook, 0, afterMs)
    },
    close() {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      agent.destroy()
    },
  }
}

/** Each try carries its own time, so that an old one cannot be sent again by somebody else. */
export function signed(key: string, body: string, unixSeconds = Math.floor(Date.now() / 1000)) {
  const hmac = createHmac('sha256', key).update(`${unixSeconds}.${body}`).digest('hex')
  return `t=${unixSeconds},v1=${hmac}`
}

/** The answer's status, or 0 where there was none. */
function post(url: string, agent: Agent, signature: string, body: string): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'bank-signature': signature,
      },
    })
    const timer = setTimeout(() => outgoing.destroy(), answerMsMax)
    const end = (status: number) => {
      clearTimeout(timer)
      resolve(status)
    }
    outgoing.on('response', (incoming) => {
      incoming.resume()
      incoming.on('end', () => end(incoming.statusCode ?? 0))
      incoming.on('error', () => end(0))
    })
    outgoing.on('error', () => end(0))
    outgoing.end(body)
  })
}
