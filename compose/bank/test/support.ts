import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBank, type Bank, type BankOptions } from '../bank.ts'

export const webhookKey = 'k'.repeat(32)

/** A folder for one ledger. */
export function ledgerFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-bank-'))
  const path = join(folder, 'ledger.jsonl')
  return {
    path,
    read: () => readFileSync(path, 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export const openBank = (ledger: string, more: Partial<BankOptions> = {}): Promise<Bank> =>
  startBank({ ledger, webhookKey, tells: 'all', ...more })

export type Asked = { status: number; body: any; text: string }

/** Asks the bank over HTTP, as a shop would. */
export const askingBank =
  ({ url }: { url: string }) =>
  async (method: string, path: string, body?: object, key?: string): Promise<Asked> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : null }
  }

export const chargeOf = (token: string, amountMinor = 10_500) => ({
  amountMinor,
  currency: 'INR',
  method: 'CARD',
  token,
  reference: 'payment-1',
})

export type Told = { signature: string; text: string; body: any }

/** A shop that takes webhooks; `answers` says with which status, by default always 200. */
export async function openShop(answers: () => number = () => 200) {
  const told: Told[] = []
  const server = createServer(async (incoming, outgoing) => {
    let text = ''
    for await (const chunk of incoming) text += String(chunk)
    const status = answers()
    told.push({
      signature: String(incoming.headers['bank-signature']),
      text,
      body: JSON.parse(text),
    })
    outgoing.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    told,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Waits until `isSo`, at most `msMax`. */
export async function until(isSo: () => unknown, msMax = 5000): Promise<void> {
  const end = performance.now() + msMax
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('it did not come to be in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
