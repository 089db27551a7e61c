import { existsSync, mkdirSync, watch, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { commandLine, wholeNumber } from './command-line.ts'
import { firstAdmin } from './first-admin.ts'
import { readRunFile, removeRunFile, writeRunFile } from './run-file.ts'
import { loadSeed } from './seed-on-start.ts'
import { startStack, type Stack } from './stack.ts'

const usage = `npm start -- [options]

  --port N         the gateway and every <function>.localhost (8080); the Broker is on N + 1
  --data DIR       where everything is kept (.data)
  --seed DIR       the data set of the first start (seed/data)
  --shift-dates    move the dates of its events, by whole weeks, so that the first one on sale lies a week or two ahead
  --no-seed        start empty
  --keep-warm      keep every function running, all but the gateway in one process: the fastest on few cores
  --watch          run the sources, and start functions anew when they change`

const { values } = commandLine(usage, {
  options: {
    port: { type: 'string', default: '8080' },
    data: { type: 'string', default: '.data' },
    seed: { type: 'string' },
    'shift-dates': { type: 'boolean', default: false },
    'no-seed': { type: 'boolean', default: false },
    'keep-warm': { type: 'boolean', default: false },
    watch: { type: 'boolean', default: false },
  },
})
const port = wholeNumber('--port', values.port, [0, 65_534])
const folder = resolve(values.data)
mkdirSync(folder, { recursive: true })
const say = (line: string) => console.log(line)
const running = readRunFile(folder)
if (running) {
  console.error(`this data folder is in use: ${running.url} runs from it (process ${running.pid})`)
  process.exit(1)
}

let stack: Stack | undefined
let isStopping = false
const stop = async (code: number) => {
  if (isStopping) return
  isStopping = true
  say('stopping')
  await stack?.stop()
  removeRunFile(folder)
  process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void stop(0))

try {
  const began = performance.now()
  stack = await startStack({
    folder,
    port,
    brokerPort: port === 0 ? 0 : port + 1,
    isTogether: values['keep-warm'],
    fromSources: values.watch,
    say,
  })
  const { url, brokerUrl, mailboxUrl, bankUrl, adminUrl, redisUrl } = stack
  writeRunFile(folder, {
    url,
    brokerUrl,
    mailboxUrl,
    bankUrl,
    adminUrl,
    redisUrl,
  })
  await prepare(stack)
  if (values.watch) watchSources(stack)
  const host = new URL(url).host.replace('127.0.0.1', 'localhost')
  say(`CloudEvents go to ${brokerUrl}, mail arrives at http://mail.${host}`)
  say(`started in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  say(`ready ${url}`)
} catch (err) {
  console.error(err instanceof Error ? err.message : err)
  await stop(1)
}

/** What only the first start of a data folder needs. */
async function prepare(started: Stack): Promise<void> {
  const mark = join(folder, 'prepared')
  if (existsSync(mark)) return
  if (!values['no-seed'])
    await loadSeed(started, {
      folder: resolve(values.seed ?? 'seed/data'),
      // Our own set is always moved: its dates would lie in the past one day.
      shiftDates: values['shift-dates'] || values.seed === undefined,
      reportsTo: join(folder, 'imports'),
      say,
    })
  const password = await firstAdmin(started)
  if (password) say(`the first admin is admin@boxoffice.example, password ${password}`)
  writeFileSync(mark, `${new Date().toISOString()}\n`)
}

/** Ends the processes of what changed; the emulator starts them anew at once, from the new sources. */
function watchSources({ emulator }: Stack): void {
  for (const root of ['functions', 'contracts'])
    watch(root, { recursive: true }, (_event, file) => {
      if (!file?.endsWith('.ts') || file.includes('/test/')) return
      const changed =
        root === 'functions' && !file.startsWith('_runtime')
          ? [file.split('/')[0] ?? '']
          : undefined
      for (const [name, { processes }] of Object.entries(emulator.status()))
        if (!changed || changed.includes(name))
          for (const { pid } of processes) process.kill(pid, 'SIGTERM')
    })
}
