import type pg from 'pg'

type Column = { table: string; column: string; type: string; is_key: boolean }

/**
 * Copies all rows of a schema, with all that hangs together, until each table that has any has `rows` of them. The
 * copies of one round are a world of their own: each id becomes another, the same wherever it stands, so that an
 * order has as many lines and an event as many seats as before.
 */
export async function multiply(client: pg.Client, schema: string, rows: number): Promise<void> {
  await client.query(`set search_path = "${schema}"`)
  await client.query('set session_replication_role = replica')
  const { rows: columns } = await client.query<Column>(columnsOf, [schema])
  for (const [table, own] of Map.groupBy(columns, (column) => column.table)) {
    const { rows: counted } = await client.query<{ count: number }>(
      `select count(*)::int as count from "${table}"`,
    )
    const count = counted[0]?.count ?? 0
    if (count > 0 && count < rows) {
      const names = own.map(({ column }) => `"${column}"`).join()
      await client.query(
        `insert into "${table}" (${names}) select ${own.map(copyOf).join()}
         from "${table}" t, generate_series(1, $1::int) as n`,
        [Math.ceil(rows / count)],
      )
    }
  }
  // A queue is empty when all went well; what matters is a day when it is not.
  if (columns.some(({ table }) => table === 'outbox_unsent'))
    await client.query(
      `insert into outbox_unsent (id, due_at) select id, now() from outbox on conflict do nothing`,
    )
  await client.query('vacuum analyze')
}

/** Were they all the same, an index of their words would be of no use. */
const texts = new Set(['events.title', 'events.venue_name', 'venues.name'])

function copyOf({ table, column, type, is_key: isKey }: Column): string {
  const name = `t."${column}"`
  if (texts.has(`${table}.${column}`)) return `${name} || ' ' || md5(n::text)`
  if (type === 'uuid') return `md5(${name}::text || n)::uuid`
  if (type === 'uuid[]') return `array(select md5(x::text || n)::uuid from unnest(${name}) as x)`
  if (type === 'timestamp with time zone') return `${name} - make_interval(mins => n)`
  if (!isKey) return name
  return type.startsWith('int') || type === 'bigint' ? `${name} + n * 1000` : `${name} || '#' || n`
}

/** A column is a key where a unique index has it and no id beside it. */
const columnsOf = `
  select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type,
    exists (
      select from pg_index i
      where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)
        and not exists (
          select from pg_attribute k
          where k.attrelid = c.oid and k.attnum = any(i.indkey) and k.atttypid = 'uuid'::regtype)
    ) as is_key
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = $1::regnamespace and c.relkind = 'r' and a.attnum > 0
    and not a.attisdropped and a.attgenerated = ''
  order by c.relname, a.attnum`
