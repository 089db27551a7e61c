import * as assert from 'uvu/assert'
import {
  databaseUrl,
  ensureDatabases,
  inDatabase,
  withClient,
} from '../../compose/local/databases.ts'
import { databaseOwners, type FunctionName } from '../../contracts/functions.ts'
import { observable, observer } from '../../contracts/observable.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { openMarket, type Market } from './market.ts'

describe('the role that reads for the invariants', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket()))
  it.after(() => market.close())

  const as = (name: FunctionName, sql: string, first = 'select'): Promise<any[] | string> =>
    withClient(market.observerUrl(name), async (client) => {
      await client.query(first)
      const { rows } = await client.query(sql)
      return rows
    }).catch((err: unknown) => (err as { code: string }).code)

  const wanted = (name: FunctionName) =>
    Object.entries(observable[name] ?? {})
      .flatMap(([table, columns]) => columns.map((column) => `SELECT ${table}.${column}`))
      .toSorted()

  /** All that it was given in a database, on whole tables and on columns. */
  const given = async (name: FunctionName): Promise<string[]> => {
    const [{ all }] = await withClient(inDatabase(market.adminUrl, name), async (admin) => {
      const { rows } = await admin.query(
        `select array(
           select privilege_type || ' ' || table_name || '.' || column_name
           from information_schema.column_privileges where grantee = $1
           union all
           select privilege_type || ' ' || table_name from information_schema.table_privileges where grantee = $1
         ) as all`,
        [observer],
      )
      return rows as [{ all: string[] }]
    })
    return all.toSorted()
  }

  it('may read what is listed, column by column, and nothing else', async () => {
    for (const name of databaseOwners) assert.equal(await given(name), wanted(name), name)
  })

  it('has each of the listed columns', async () => {
    for (const name of databaseOwners)
      for (const [table, columns] of Object.entries(observable[name] ?? {}))
        assert.equal(await as(name, `select ${columns.join()} from ${table} limit 0`), [], name)
  })

  it('sees each outbox that there is: nothing that is not sent stays unseen', async () => {
    for (const name of databaseOwners) {
      const [{ outbox }] = (await as(name, `select to_regclass('outbox') as outbox`)) as any[]
      assert.is(outbox !== null, observable[name]?.outbox !== undefined, name)
    }
  })

  it('sees nothing personal or secret', async () => {
    for (const [name, table, column] of [
      ['users', 'users', 'name'],
      ['users', 'users', 'email_sealed'],
      ['users', 'signing_keys', '1'],
      ['notifications', 'contacts', 'sealed'],
      ['notifications', 'messages', 'subject'],
      ['orders', 'orders', 'means'],
      ['orders', 'kept_answers', 'body'],
      ['tickets', 'outbox', 'payload'],
      ['dead-letters', 'dead_letters', 'data'],
    ] as const)
      assert.is(await as(name, `select ${column} from ${table}`), '42501', `${table}.${column}`)
  })

  it('cannot write, also where it says that it will', async () => {
    assert.is(await as('orders', `update orders set status = 'FAILED'`), '25006')
    const writing = 'set default_transaction_read_only = off'
    for (const sql of [
      `update orders set status = 'FAILED'`,
      'delete from outbox_unsent',
      'insert into outbox_unsent (id) values (gen_random_uuid())',
      'create table things (id int)',
      'create temporary table things (id int)',
      'create schema things',
      'begin; lock table orders in access exclusive mode',
    ])
      assert.is(await as('orders', sql, writing), '42501', sql)
  })

  it('enters no other database, has limits, and is nobody else', async () => {
    for (const other of ['postgres', 'template1']) {
      const url = inDatabase(market.observerUrl('orders'), other)
      const code = await withClient(url, async () => 'connected').catch(
        (err: unknown) => (err as { code: string }).code,
      )
      assert.is(code, '42501', other)
    }
    assert.equal(await as('orders', 'show statement_timeout'), [{ statement_timeout: '1min' }])
    assert.equal(
      await as(
        'orders',
        `select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as is_more,
           (select count(*)::int from pg_auth_members where member = r.oid) as roles
         from pg_roles r where rolname = current_user`,
      ),
      [{ is_more: false, roles: 0 }],
    )
  })

  it('is made where an installation had none, and loses what is listed no more', async () => {
    for (const name of databaseOwners)
      await withClient(inDatabase(market.adminUrl, name), (admin) =>
        admin.query(`drop owned by ${observer}`),
      )
    await withClient(market.adminUrl, (admin) => admin.query(`drop role ${observer}`))
    await ensureDatabases(market.adminUrl, market.secrets.databases, market.secrets.observer)
    for (const name of databaseOwners) assert.equal(await given(name), wanted(name), name)

    await withClient(inDatabase(market.adminUrl, 'users'), (admin) =>
      admin.query(`grant select on users.credentials to ${observer};
        grant select (name) on users.users to ${observer}`),
    )
    await ensureDatabases(market.adminUrl, market.secrets.databases, 'another password')
    assert.equal(await given('users'), wanted('users'))
    const url = databaseUrl(market.adminUrl, 'users', 'another password', observer)
    assert.is(await withClient(url, async () => 'connected'), 'connected')
  })
})
