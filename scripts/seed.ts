import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { databaseUrl, ensureDatabases } from '../compose/local/databases.ts'
import { startPostgres } from '../compose/local/postgres.ts'
import { exportFolder } from '../seed/export.ts'
import { committedSeed, writeGenerated } from '../seed/generate.ts'
import { importFolder } from '../seed/import.ts'
import type { Installation } from '../seed/owners.ts'
import { commandLine } from './command-line.ts'
import { migrateAll } from './migrations.ts'
import { readRunFile } from './run-file.ts'
import { secretsIn } from './secrets.ts'

/** `npm run seed -- …`: a data set into this installation, out of it, or a new one made. */
const usage = `npm run seed -- import DIR [--shift-dates] [--currency INR] [--data .data]
npm run seed -- export DIR [--data .data]
npm run seed -- generate [--seed ${committedSeed}] [--to seed/data]`

const { values, positionals } = commandLine(usage, {
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '.data' },
    'shift-dates': { type: 'boolean', default: false },
    currency: { type: 'string', default: 'INR' },
    seed: { type: 'string', default: String(committedSeed) },
    to: { type: 'string', default: 'seed/data' },
  },
})
const say = (line: string) => console.log(line)
const data = resolve(values.data)

const commands: Record<string, (folder: string) => Promise<unknown>> = {
  import: (folder) =>
    withInstallation((installation) =>
      importFolder({
        ...installation,
        folder,
        shiftDates: values['shift-dates'],
        currency: values.currency,
        reportsTo: join(data, 'imports'),
        say,
      }),
    ),
  export: (folder) =>
    withInstallation((installation) => exportFolder({ ...installation, folder, say })),
}

const [command = '', folder] = positionals
const run = commands[command]
if (command === 'generate') await generate()
else if (run && folder) await run(folder).catch(fail)
else {
  console.error(usage)
  process.exitCode = 2
}

async function generate(): Promise<void> {
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed)) return fail(new Error('--seed must be an integer'))
  for (const file of await writeGenerated(values.to, seed)) say(`wrote ${join(values.to, file)}`)
}

function fail(err: unknown): void {
  console.error(err instanceof Error ? err.message : err)
  process.exitCode = 1
}

/** The databases of what runs from the data folder; where nothing does, its Postgres runs for as long as `work`. */
async function withInstallation(work: (installation: Installation) => Promise<unknown>) {
  mkdirSync(data, { recursive: true })
  const secrets = secretsIn(data)
  const { adminUrl, stop } = await findPostgres()
  let isStopping: Promise<void> | undefined
  const end = () => (isStopping ??= stop())
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)))
  const urlOf = (name: string) => databaseUrl(adminUrl, name, secrets.databases[name] ?? '')
  try {
    if (!readRunFile(data)) {
      await ensureDatabases(adminUrl, secrets.databases, secrets.observer)
      await migrateAll(urlOf)
    }
    const keys = { users: secrets.usersKey, notifications: secrets.notificationsKey }
    await work({ databaseUrl: urlOf, keys })
  } finally {
    await end()
  }
}

async function findPostgres(): Promise<{ adminUrl: string; stop: () => Promise<void> }> {
  const adminUrl = readRunFile(data)?.adminUrl ?? process.env.DATABASE_URL
  if (adminUrl) return { adminUrl, stop: async () => {} }
  return startPostgres({ folder: join(data, 'postgres'), isDurable: true, say })
}
