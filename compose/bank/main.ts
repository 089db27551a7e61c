import { startBank } from './bank.ts'

const {
  PORT = '8090',
  HOST = '0.0.0.0',
  LEDGER,
  WEBHOOK_URL,
  WEBHOOK_KEY,
  PUBLIC_URL,
  WEBHOOKS = 'unanswered',
} = process.env
if (!LEDGER || !WEBHOOK_KEY) throw new Error('set LEDGER, the file to write to, and WEBHOOK_KEY')

const bank = await startBank({
  port: Number(PORT),
  host: HOST,
  ledger: LEDGER,
  webhookUrl: WEBHOOK_URL,
  webhookKey: WEBHOOK_KEY,
  publicUrl: PUBLIC_URL,
  tells: WEBHOOKS === 'all' ? 'all' : 'unanswered',
  say: (line) => console.log(line),
})
// Who started us with PORT=0 learns the port that the system chose.
process.send?.({ port: bank.port })

let isStopping = false
const stop = () => {
  if (isStopping) return
  isStopping = true
  void bank.close().then(() => process.exit(0))
}
for (const signal of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(signal, stop)
