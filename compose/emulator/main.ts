import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { functionNames } from '../../contracts/functions.ts'
import { startEmulator } from './emulator.ts'
import { startMailbox } from './mailbox.ts'
import type { Values } from './manifests/environment.ts'

/*
 * The emulator as a process of its own, for functions that run elsewhere: it is their Broker, their PingSources
 * and their ingress, and it starts, stops and scales none of them.
 */
const usage = `REDIS_URL=redis://… node compose/emulator/main.ts --attach PORT [options]

  --attach PORT          each function is reached at its own name, on this port
  --at NAME=HOST:PORT    but this one there; may be repeated
  --sidecar NAME=HOST:PORT   one more host of the ingress: NAME.localhost; may be repeated
  --manifests DIR        what to read (knative/base)
  --host HOST            where everything listens (127.0.0.1)
  --port N               the ingress (8080)
  --broker-port N        the Broker (8081)
  --smtp-port N          the mailbox, whose pages are at mail.localhost (1025)`

const { values } = parseArgs({
  options: {
    attach: { type: 'string' },
    at: { type: 'string', multiple: true, default: [] },
    sidecar: { type: 'string', multiple: true, default: [] },
    manifests: { type: 'string', default: 'knative/base' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8080' },
    'broker-port': { type: 'string', default: '8081' },
    'smtp-port': { type: 'string', default: '1025' },
  },
})
const { REDIS_URL: redisUrl } = process.env
if (!values.attach || !redisUrl) throw new Error(`set REDIS_URL, and give --attach\n\n${usage}`)

const say = (line: string) => console.log(line)
const { host, manifests } = values
const mailbox = await startMailbox({ host, smtpPort: Number(values['smtp-port']), say })
const emulator = await startEmulator({
  manifests,
  host,
  port: Number(values.port),
  brokerPort: Number(values['broker-port']),
  redisUrl,
  values: keptElsewhere(),
  command: (name) => {
    throw new Error(`${name} runs elsewhere`)
  },
  addresses: {
    ...Object.fromEntries(functionNames.map((name) => [name, `${name}:${values.attach}`])),
    ...pairs(values.at),
  },
  sidecars: { mail: mailbox.port, ...pairs(values.sidecar) },
  logFolder: tmpdir(),
  say,
})
say(`ingress ${emulator.url}, Broker ${emulator.brokerUrl}, reading ${manifests}`)
// Who started us with --port 0 learns the ports that the system chose.
process.send?.({ url: emulator.url, brokerUrl: emulator.brokerUrl })

let isStopping = false
const stop = async () => {
  if (isStopping) return
  isStopping = true
  await emulator.stop()
  await mailbox.stop()
  process.exit(0)
}
for (const signal of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(signal, () => void stop())

function pairs(given: string[]): Record<string, string> {
  return Object.fromEntries(given.map((one) => one.split('=') as [string, string]))
}

/** Stands for every ConfigMap and Secret: functions that run elsewhere have them there, and none is needed here. */
function keptElsewhere(): Values {
  const empty = new Proxy<Record<string, string>>({}, { get: () => '' })
  return { configMaps: {}, secrets: new Proxy({}, { get: () => empty }) }
}
