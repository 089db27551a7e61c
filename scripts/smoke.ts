import { commandLine, refuse } from './command-line.ts'
import { buyOnce, SmokeFailed } from './smoke/purchase.ts'

/** `npm run smoke -- URL`: buys a ticket there and gives it back. Ends with 1 where something did not work. */
const usage = `npm run smoke -- URL [--event ID] [--token tok_ok] [--keep] [--json]

  URL        the gateway of any installation, such as http://127.0.0.1:8080
  --event    the event to buy a seat of; otherwise the first that is on sale and has one
  --token    the card token; tok_ok of the sandbox unless it is said otherwise
  --keep     keep the ticket; otherwise its order is refunded at the end
  --json     one line of JSON at the end, and nothing else`

const { values, positionals } = commandLine(usage, {
  allowPositionals: true,
  options: {
    event: { type: 'string' },
    token: { type: 'string', default: 'tok_ok' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const [url] = positionals
if (!url || !URL.canParse(url)) refuse(usage)

try {
  const steps = await buyOnce({
    url,
    event: values.event,
    token: values.token,
    isKept: values.keep,
    say: values.json ? () => {} : (line) => console.log(line),
  })
  const totalMs = Math.round(steps.reduce((sum, { ms }) => sum + ms, 0))
  if (values.json) console.log(JSON.stringify({ smoke: 'passed', url, totalMs, steps }))
  else console.log(`passed: a ticket was bought at ${url} in ${totalMs} ms`)
} catch (err) {
  if (!(err instanceof SmokeFailed)) throw err
  if (values.json) console.log(JSON.stringify({ smoke: 'failed', url, reason: err.message }))
  else console.error(`failed: ${err.message}`)
  process.exitCode = 1
}
