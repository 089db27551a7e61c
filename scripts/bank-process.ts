import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Secrets } from './secrets.ts'

/** The sandbox payment provider: a process of its own, so that its ledger can witness against ours. */
export async function startBank(
  folder: string,
  secrets: Secrets,
  { port: ingressPort, settings }: { port: number; settings: Record<string, string> | undefined },
) {
  const log = openSync(join(folder, 'logs', 'bank.log'), 'a')
  mkdirSync(join(folder, 'bank'), { recursive: true })
  const child = spawn(process.execPath, [resolve('compose/bank/main.ts')], {
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
    env: {
      ...process.env,
      PORT: '0',
      HOST: '127.0.0.1',
      LEDGER: join(folder, 'bank', 'ledger.jsonl'),
      WEBHOOK_URL: `http://127.0.0.1:${ingressPort}/v1/payments/webhooks/sandbox`,
      WEBHOOK_KEY: secrets.webhookKey,
      PUBLIC_URL: `http://bank.localhost:${ingressPort}`,
      ...settings,
    },
  })
  const port = await portOf(child)
  return { url: `http://127.0.0.1:${port}`, port, stop: () => ended(child) }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((fulfil, reject) => {
    child.once('message', (message) => fulfil((message as { port: number }).port))
    child.once('exit', (code) =>
      reject(new Error(`the bank ended with ${code}; see logs/bank.log`)),
    )
  })
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((fulfil) => {
    if (child.exitCode !== null || child.signalCode !== null) return fulfil()
    child.once('exit', () => fulfil())
    child.kill('SIGTERM')
  })
}
