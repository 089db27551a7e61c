import * as assert from 'uvu/assert'
import { databaseOwners } from '../contracts/functions.ts'
import type { Migrations } from '../functions/_runtime/migrate.ts'
import { createDatabase, type DatabaseOptions } from '../functions/_runtime/database.ts'
import { createLog } from '../functions/_runtime/log.ts'
import { describe } from '../functions/_runtime/test.ts'
import { look } from '../functions/_runtime/testing/ask.ts'
import { endTesting, testDatabase } from '../functions/_runtime/testing/services.ts'

type Entities = Awaited<ReturnType<DatabaseOptions['entities']>>

describe('the entities', (it) => {
  it.after(() => endTesting())

  for (const name of databaseOwners)
    it(`of ${name} have the columns that its migrations made, their types, and null where they may be`, async () => {
      const folder = `../functions/${name}`
      const { entities } = (await import(`${folder}/entities.ts`)) as { entities: Entities }
      const { migrations } = (await import(`${folder}/migrations/index.ts`)) as {
        migrations: Migrations
      }
      const database = createDatabase({
        url: await testDatabase(name, migrations),
        connections: 2,
        prepared: true,
        entities: async () => entities,
        log: createLog(name, 'silent'),
      })
      try {
        const metadata = (await database.em()).getMetadata()
        const listed = [...metadata].filter((one) => entities.includes(one.class as Entities[0]))
        assert.is(listed.length, entities.length)
        for (const { tableName, props } of listed) {
          const named = props.flatMap(({ fieldNames, columnTypes, nullable }) =>
            fieldNames.map((field, i) =>
              [field, typeOf(columnTypes[i] ?? ''), ...(nullable ? ['null'] : [])].join(' '),
            ),
          )
          const made: string[] = await look(database, columnsOf, [tableName])
          assert.equal(named.toSorted(), made.toSorted(), tableName)
        }
      } finally {
        await database.close()
      }
    })
})

/** What Postgres generates from other columns is not an entity's to know. */
const columnsOf = `
  select array_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), case when not attnotnull then 'null' end))
  from pg_attribute
  where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`

/** As Postgres says it. */
const typeOf = (type: string): string =>
  type
    .replace(/^timestamptz.*/, 'timestamp with time zone')
    .replace(/^int\b/, 'integer')
    .replace(/^char\b/, 'character')
