import type { Migration } from '@mikro-orm/migrations'
import { grantObservable } from '../../contracts/observable.ts'

/** A function's migrations, listed one by one in the order in which they run. */
export type Migrations = readonly { name: string; class: new (...args: never[]) => Migration }[]

/**
 * Brings one function's database up to date and gives the names of what it ran. A command of its own, before
 * the function starts; never done at a function's boot, where fifty copies might start at once.
 */
export async function migrate(url: string, migrations: Migrations): Promise<string[]> {
  const [{ MikroORM }, { Migrator }, { schemaOf }] = await Promise.all([
    import('@mikro-orm/postgresql'),
    import('@mikro-orm/migrations'),
    import('./database.ts'),
  ])
  const schema = schemaOf(url)
  const orm = new MikroORM({
    clientUrl: url,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    schema,
    logger: () => {},
    extensions: [Migrator],
    migrations: {
      migrationsList: migrations as never,
      tableName: 'migrations',
      snapshot: false,
      transactional: true,
      allOrNothing: true,
    },
    driverOptions: {
      // MikroORM takes host and password out of the address, and drops `sslmode` with the rest.
      connectionString: url,
      // The role's own limit of 2 s is for requests; a migration may take as long as it needs.
      options: '-c statement_timeout=0 -c lock_timeout=10s',
    },
  })
  try {
    const ran = await orm.migrator.up()
    // Also where nothing ran: the observer may be newer than the tables.
    await orm.em.execute(grantObservable(schema))
    return ran.map(({ name }) => name)
  } finally {
    await orm.close()
  }
}
