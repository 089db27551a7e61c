import { inDatabase, withClient } from '../../compose/local/databases.ts'

/**
 * Lets the pooler look up who may log in to one database: PgBouncer asks in the database that its client wants, and
 * PUBLIC may do nothing in ours. The function is as CloudNativePG would make it.
 */
export async function admitPooler(adminUrl: string, name: string, role: string): Promise<void> {
  await withClient(inDatabase(adminUrl, name), async (admin) => {
    const who = admin.escapeIdentifier(role)
    const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [role])
    if (rowCount === 0) await admin.query(`create role ${who} login`)
    await admin.query(`grant connect on database ${admin.escapeIdentifier(name)} to ${who}`)
    await admin.query(`grant usage on schema public to ${who}`)
    await admin.query(userSearch)
    await admin.query('revoke all on function public.user_search(text) from public')
    await admin.query(`grant execute on function public.user_search(text) to ${who}`)
  })
}

const userSearch = `
  create or replace function public.user_search(uname text)
  returns table (usename name, passwd text) language sql security definer set search_path = pg_catalog as
  'select usename, passwd from pg_catalog.pg_shadow where usename = $1'`
