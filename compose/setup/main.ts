import { databaseOwners } from '../../contracts/functions.ts'
import { observer } from '../../contracts/observable.ts'
import { databaseUrl, ensureDatabases } from '../local/databases.ts'

/*
 * What an installation of containers needs once: `databases`, `first-admin`, `import DIR`; and `invariants`,
 * which looks and changes nothing. Each may be repeated.
 * Migrations are not among them: they are in the image of the function that they belong to.
 */
const { env } = process
const adminUrl = setting('ADMIN_URL')
const passwords = Object.fromEntries(
  databaseOwners.map((name) => [name, setting(passwordOf(name))]),
)
const urlOf = (name: string) => databaseUrl(adminUrl, name, passwords[name] ?? '')
const say = (line: string) => console.log(line)

const commands: Record<string, (word: string) => Promise<void>> = {
  async databases() {
    await ensureDatabases(adminUrl, passwords, setting('OBSERVER_PASSWORD'))
    say(`roles, databases and schemas are there: ${databaseOwners.join(', ')}`)
  },
  async 'first-admin'() {
    const { firstAdmin } = await import('../../scripts/first-admin.ts')
    const secrets = {
      serviceKey: setting('SERVICE_KEY'),
      eventKey: setting('EVENT_KEY'),
      usersKey: setting('USERS_KEY'),
      contactKey: setting('CONTACT_KEY'),
    }
    const places = { redisUrl: setting('REDIS_URL'), brokerUrl: setting('BROKER_URL') }
    const password = await firstAdmin({ databaseUrl: urlOf, secrets, ...places })
    say(
      password
        ? `the first admin is admin@boxoffice.example, password ${password}`
        : 'there is an admin already',
    )
  },
  async import(folder) {
    const { importFolder } = await import('../../seed/import.ts')
    const keys = { users: setting('USERS_KEY'), notifications: setting('NOTIFICATIONS_KEY') }
    const shiftDates = process.argv.includes('--shift-dates')
    await importFolder({ folder, shiftDates, databaseUrl: urlOf, keys, reportsTo: '/data', say })
  },
  async invariants() {
    const { lookOnce } = await import('../../scripts/invariants/command.ts')
    const password = setting('OBSERVER_PASSWORD')
    process.exitCode = await lookOnce({
      databaseUrl: (name) => databaseUrl(adminUrl, name, password, observer),
      ledger: setting('SANDBOX_URL'),
      redisUrl: setting('REDIS_URL'),
    })
  },
}

const [name = '', word = ''] = process.argv.slice(2)
const command = commands[name]
if (!command || (name === 'import' && word === '')) {
  console.error('databases | first-admin | import DIR [--shift-dates] | invariants')
  process.exit(2)
}
await command(word)

/** `dead-letters` → `DEAD_LETTERS_DATABASE_PASSWORD` */
function passwordOf(owner: string): string {
  return `${owner.toUpperCase().replaceAll('-', '_')}_DATABASE_PASSWORD`
}

function setting(key: string): string {
  const value = env[key]
  if (!value) throw new Error(`set ${key}`)
  return value
}
