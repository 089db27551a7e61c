import { statement, type Sql } from '../../_runtime/database.ts'

export type OpenlyTold = {
  id: string
  aggregateid: string
  type: string
  /** An erased one's are empty. */
  email: string
  name: string
}

/** Locks what the outbox tells of users in the clear, as versions before `CONTACT_KEY` wrote it. */
export const lockOpenlyTold = (tx: Sql, limit: number) =>
  tx.query<OpenlyTold>(openStatement, [limit])

const openStatement = statement(
  'told-openly',
  `select id, aggregateid, type, payload->>'email' as email, payload->>'name' as name
   from outbox where payload ? 'email' order by id limit $1 for update skip locked`,
)

/** Puts the sealed contact where the open one was, under the type that carries it. */
export const writeSealedTold = (
  tx: Sql,
  told: { id: string; type: string; contactSealed: string | null }[],
) =>
  tx.query(sealStatement, [
    told.map(({ id }) => id),
    told.map(({ type }) => type),
    told.map(({ contactSealed }) => contactSealed),
  ])

const sealStatement = statement(
  'told-seal',
  `update outbox o set type = t.type,
     payload = o.payload - 'email' - 'name' || jsonb_build_object('contactSealed', t.sealed)
   from unnest($1::uuid[], $2::text[], $3::text[]) as t (id, type, sealed) where o.id = t.id`,
)
