import { parseArgs } from 'node:util'
import { events, type EventType } from '../contracts/events.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { signEvent } from '../functions/_runtime/signature.ts'
import { secretsIn } from './secrets.ts'

/** `npm run event -- TYPE SUBJECT JSON`: prints the curl that publishes a signed CloudEvent on the Broker. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '.data' },
    broker: { type: 'string', default: 'http://127.0.0.1:8081/boxoffice/default' },
  },
})
const [type, subject, json] = positionals
if (!type || !subject || !json) {
  console.error(`npm run event -- TYPE SUBJECT JSON

types:
${Object.keys(events)
  .map((name) => `  ${name}`)
  .join('\n')}`)
  process.exit(2)
}
const contract = events[type as EventType] as (typeof events)[EventType] | undefined
if (!contract) throw new Error(`there is no type ${type}; run without arguments to see them`)
const data: unknown = JSON.parse(json)
const wrong = contract.data.safeParse(data).error
if (wrong) throw new Error(`the data does not match its contract: ${wrong.message}`)

const event = { id: newId(), source: `/functions/${contract.from}`, type, subject, data }
const headers: Record<string, string> = {
  'ce-specversion': '1.0',
  'ce-id': event.id,
  'ce-source': event.source,
  'ce-type': type,
  'ce-subject': subject,
  ...('extensions' in contract
    ? Object.fromEntries(
        Object.entries(contract.extensions).map(([name, value]) => [`ce-${name}`, value]),
      )
    : {}),
  ...(contract.signed ? { 'ce-sig': signEvent(secretsIn(values.data).eventKey, event) } : {}),
  'content-type': 'application/json',
}
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const lines = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
console.log(
  [`curl -i ${quoted(values.broker)}`, ...lines, `-d ${quoted(JSON.stringify(data))}`].join(
    ' \\\n  ',
  ),
)
