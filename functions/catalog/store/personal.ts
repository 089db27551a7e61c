import type { OpenMatter } from '../../../contracts/personal-data.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

/** Buyers count on somebody who answers for it. */
const isOpen = `(e.status in ('SCHEDULED', 'ON_SALE') and e.ends_at > now())`

export const shownKinds = {
  venues: statement(
    'personal-venues',
    `select id, name, city, created_at as "createdAt"
     from venues where organizer_id = $1 order by created_at desc, id limit $2`,
  ),
  events: statement(
    'personal-events',
    `select id, title, city, status, starts_at as "startsAt", created_at as "createdAt"
     from events where organizer_id = $1 order by created_at desc, id limit $2`,
  ),
}

export const findOpen = (sql: Sql, userId: string): Promise<OpenMatter[]> =>
  sql.query<OpenMatter>(openStatement, [userId])

const openStatement = statement(
  'personal-open',
  `select 'event' as what, e.id from events e where e.organizer_id = $1 and ${isOpen}
   order by e.starts_at limit 100`,
)

/** Takes the organizer out of his venues, his events that are not to come, and what the outbox told of them. */
export const forgetOrganizer = (sql: Sql, userId: string) => sql.query(forgetStatement, [userId])

const forgetStatement = statement(
  'personal-forget',
  `with forgotten as (
     update events e set organizer_id = null where e.organizer_id = $1 and not ${isOpen}
     returning e.id
   ), told as (
     update outbox set payload = payload || '{"organizerId": null}'
     where aggregateid in (select id::text from forgotten) and payload ? 'organizerId'
   )
   update venues set organizer_id = null where organizer_id = $1`,
)
