import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { aMoment, createApi, type ApiParts } from './api.ts'
import { createBook, type Webhook } from './book.ts'
import { openLedger } from './ledger.ts'
import { createListener } from './listener.ts'
import { createWebhooks } from './webhooks.ts'

export type BankOptions = {
  /** 0 for one that is free. */
  port?: number
  host?: string
  /** The file that everything is written to. */
  ledger: string
  /** Without it nobody is told of anything. */
  webhookUrl?: string | undefined
  webhookKey: string
  /** Webhooks for `all` that happens, or only for what no answer has told: late ones and the payer's decisions. */
  tells?: 'all' | 'unanswered'
  /** Where a payer's browser reaches the bank; by default where it listens. */
  publicUrl?: string | undefined
  say?: (line: string) => void
}

export type Bank = { port: number; url: string; close(): Promise<void> }

/** Starts the sandbox bank with all that its ledger knows, and sends the webhooks that were still due. */
export async function startBank(options: BankOptions): Promise<Bank> {
  const { port = 0, host = '127.0.0.1', webhookUrl, webhookKey, tells = 'unanswered' } = options
  const { say = () => {} } = options
  const book = createBook()
  const unsent = new Map<string, Webhook>()
  const ledger = await openLedger(options.ledger, (entry) => {
    const webhook = book.apply(entry)
    if (webhook) unsent.set(webhook.id, webhook)
    if (entry.type === 'webhook.ended') unsent.delete(entry.webhookId)
  })
  const webhooks =
    webhookUrl === undefined
      ? undefined
      : createWebhooks({
          url: webhookUrl,
          key: webhookKey,
          ended: (webhookId, outcome) =>
            void ledger.append({ type: 'webhook.ended', webhookId, outcome }),
        })

  const record: ApiParts['record'] = (
    fact,
    { tellAfterMs = aMoment(), isAnswered = false } = {},
  ) => {
    const isQuiet = isAnswered && tells === 'unanswered'
    const webhook = book.apply(ledger.append(isQuiet ? { ...fact, isQuiet } : fact))
    // What is not in the ledger yet is told to nobody.
    if (webhook)
      ledger.written().then(
        () => webhooks?.add(webhook, tellAfterMs),
        (err: unknown) => say(`the ledger cannot be written: ${String(err)}`),
      )
  }
  const closing = new AbortController()
  let publicUrl = options.publicUrl ?? ''
  const api = createApi({ book, record, actionUrl: (id) => `${publicUrl}/3ds/${id}` })
  // Longer than callers keep an idle connection, or they would send into a closed one.
  const server = createServer(
    { keepAliveTimeout: 120_000, requestTimeout: 10_000 },
    createListener({ api, book, ledger, closing: closing.signal, say }),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${bound}`
  publicUrl ||= url
  for (const webhook of unsent.values()) webhooks?.add(webhook, aMoment())
  say(`bank listens on ${url}, ${unsent.size} webhooks were still due`)

  return {
    port: bound,
    url,
    async close() {
      closing.abort()
      webhooks?.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await ledger.written()
      await ledger.close()
    },
  }
}
