import { statement, type Sql } from '../_runtime/database.ts'
import type { Seal } from '../_runtime/seal.ts'
import { openEmail, openImported, openPhone } from './personal.ts'

export type ExportedUser = {
  id: string
  externalId: string | null
  /** As it came, while nothing has changed since. */
  row: Record<string, string> | null
  /** Null once the person is erased, as the address. */
  name: string | null
  email: string | null
  phone: string | null
  createdAt: Date
}

const pageRows = 2000

/** Users with their data opened, a page in the order of ids, for an operator's export. */
export async function readUsers(
  sql: Sql,
  seal: Seal,
  after: string | null,
): Promise<ExportedUser[]> {
  const rows = await sql.query<StoredUser>(readStatement, [after, pageRows])
  return rows.map((user) => ({
    id: user.id,
    externalId: user.external_id,
    row:
      user.version === importedVersion ? openImported(seal, user.id, user.imported_sealed) : null,
    name: user.name,
    email: user.email_sealed && openEmail(seal, user.id, user.email_sealed),
    phone: openPhone(seal, user.id, user.phone_sealed),
    createdAt: user.created_at,
  }))
}

/** Users are imported in their first version. */
const importedVersion = 1

type StoredUser = {
  id: string
  external_id: string | null
  imported_sealed: string | null
  name: string | null
  email_sealed: string | null
  phone_sealed: string | null
  version: number
  created_at: Date
}

const readStatement = statement(
  'export-users',
  `select id, external_id, imported_sealed, name, email_sealed, phone_sealed, version, created_at
   from users where $1::uuid is null or id > $1 order by id limit $2`,
)
