import { databaseUrl, ensureDatabases } from '../compose/local/databases.ts'
import { migrateAll } from './migrations.ts'
import { secretsIn } from './secrets.ts'

/** `npm run migrate`: makes the roles and databases on the server of DATABASE_URL (as its superuser) and migrates them. */
const adminUrl = process.env.DATABASE_URL
if (!adminUrl) {
  console.error(
    'set DATABASE_URL to a superuser of the server; npm start migrates its own Postgres by itself',
  )
  process.exit(2)
}
const { databases, observer } = secretsIn(process.argv[2] ?? '.data')
await ensureDatabases(adminUrl, databases, observer)
const ran = await migrateAll((name) => databaseUrl(adminUrl, name, databases[name] ?? ''))
for (const [name, names] of Object.entries(ran))
  console.log(`${name}: ${names.length > 0 ? names.join(', ') : 'up to date'}`)
