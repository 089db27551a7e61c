import { existsSync } from 'node:fs'
import * as z from 'zod'
import { events, type EventType } from '../contracts/events.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { signEvent } from '../functions/_runtime/signature.ts'
import { commandLine, refuse } from './command-line.ts'
import { readRunFile } from './run-file.ts'
import { secretsIn } from './secrets.ts'

/** `npm run event -- TYPE SUBJECT JSON`: prints the curl that publishes a signed CloudEvent on the Broker. */
const usage = `npm run event -- TYPE SUBJECT JSON [--data .data] [--broker URL]

Signs with the key of the data folder, or with EVENT_KEY where it is set.

types:
${Object.keys(events)
  .map((name) => `  ${name}`)
  .join('\n')}`

const { values, positionals } = commandLine(usage, {
  allowPositionals: true,
  options: { data: { type: 'string', default: '.data' }, broker: { type: 'string' } },
})
const [type, subject, json] = positionals
if (!type || !subject || !json) refuse(usage)
const contract = events[type as EventType] as (typeof events)[EventType] | undefined
if (!contract) refuse(`there is no type ${type}; run without arguments to see them`)
const { data, error } = contract.data.safeParse(parsed(json))
if (error) refuse(`the data does not match its contract:\n${z.prettifyError(error)}`)
const broker =
  values.broker ?? readRunFile(values.data)?.brokerUrl ?? 'http://127.0.0.1:8081/boxoffice/default'

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
  ...(contract.signed ? { 'ce-sig': signEvent(eventKey(), event) } : {}),
  'content-type': 'application/json',
}
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const lines = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
console.log(
  [`curl -i ${quoted(broker)}`, ...lines, `-d ${quoted(JSON.stringify(data))}`].join(' \\\n  '),
)

/** The environment's, for an installation that is elsewhere; otherwise that of the data folder. */
function eventKey(): string {
  if (process.env.EVENT_KEY) return process.env.EVENT_KEY
  if (!existsSync(values.data))
    refuse(`${values.data} is no data folder: npm start makes one, --data names another`)
  return secretsIn(values.data).eventKey
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (err) {
    return refuse(`the data is no JSON: ${err instanceof Error ? err.message : String(err)}`)
  }
}
