import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testRedisUrl } from '../../../functions/_runtime/testing/services.ts'
import { startEmulator, type Emulator, type EmulatorOptions } from '../emulator.ts'

/** A folder of manifests, as kustomize would list them. */
export function manifests(files: Record<string, string>): string {
  const folder = temporary()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const resources = Object.keys(files).map((name) => `  - ${name}\n`)
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    `namespace: boxoffice\nresources:\n${resources.join('')}`,
  )
  return folder
}

const folders: string[] = []

export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-emulator-'))
  folders.push(folder)
  return folder
}

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export type FunctionOptions = {
  annotations?: Record<string, string>
  containerConcurrency?: number
  timeoutSeconds?: number
}

/** The manifest of a function; its window is the shortest that Knative takes. */
export const service = (
  name: string,
  { annotations = {}, containerConcurrency = 0, timeoutSeconds = 10 }: FunctionOptions = {},
) => `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: ${name} }
spec:
  template:
    metadata:
      annotations: ${JSON.stringify({ 'autoscaling.knative.dev/window': '6s', ...annotations })}
    spec:
      containerConcurrency: ${containerConcurrency}
      timeoutSeconds: ${timeoutSeconds}
      containers: [{ image: x, env: [{ name: GREETING, value: hello }] }]
`

export const broker = `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default }
spec: { delivery: { retry: 1, backoffPolicy: linear, backoffDelay: PT0.1S, timeout: PT5S } }
`

export const program = (name: string) => join(import.meta.dirname, 'programs', `${name}.ts`)

export type Started = Emulator & { lines: string[]; logFolder: string }

/** An emulator on free ports, whose functions all run one of the small programs beside this file. */
export async function start(options: Partial<EmulatorOptions>): Promise<Started> {
  const lines: string[] = []
  const logFolder = options.logFolder ?? temporary()
  const emulator = await startEmulator({
    manifests: '',
    port: 0,
    brokerPort: 0,
    redisUrl: options.redisUrl ?? (await testRedisUrl()),
    values: { configMaps: {}, secrets: {} },
    command: () => ({ file: process.execPath, args: [program('echo')] }),
    logFolder,
    say: (line) => lines.push(line),
    ...options,
  })
  return { ...emulator, lines, logFolder }
}

export type Response = { status: number; headers: IncomingHttpHeaders; text: string; body: any }

export type Sent = { method?: string; headers?: Record<string, string>; body?: string | Buffer }

/** Asks over a connection of its own, with the Host header that is given. */
export function ask(url: string, host: string, path = '/', sent: Sent = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = sent
    const outgoing = request(
      new URL(path, url),
      { method, agent: false, headers: { host, ...headers } },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = /json/.test(incoming.headers['content-type'] ?? '')
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            body: isJson ? JSON.parse(text) : undefined,
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until it is so, and fails with `what` where it does not become so. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  msMax = 10_000,
): Promise<void> {
  const limit = performance.now() + msMax
  while (!(await isSo())) {
    if (performance.now() > limit) throw new Error(`still not so after ${msMax} ms: ${what}`)
    await sleep(10)
  }
}

export const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')
