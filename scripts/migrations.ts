import { databaseOwners, type FunctionName } from '../contracts/functions.ts'
import { migrate, type Migrations } from '../functions/_runtime/migrate.ts'

/** Brings every function's database up to date; gives what was run, by function. */
export async function migrateAll(
  urlOf: (name: FunctionName) => string,
): Promise<Record<string, string[]>> {
  const ran = await Promise.all(
    databaseOwners.map(
      async (name) => [name, await migrate(urlOf(name), await migrationsOf(name))] as const,
    ),
  )
  return Object.fromEntries(ran)
}

export async function migrationsOf(name: FunctionName): Promise<Migrations> {
  const { migrations } = (await import(`../functions/${name}/migrations/index.ts`)) as {
    migrations: Migrations
  }
  return migrations
}
