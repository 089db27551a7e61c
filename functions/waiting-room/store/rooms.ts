import type { HotEvents } from '../../_runtime/admission.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import type { RoomSettings } from '../../../contracts/waiting-room.ts'

export type RoomRow = {
  event_id: string
  organizer_id: string | null
  /** The room's own time, else that of the event's sale. */
  opens_at: Date | null
  own_opens_at: Date | null
  admissions_per_minute: number
  admitted_max: number
  admission_minutes: number
  is_for_everybody: boolean
  is_hot: boolean
  seed: Buffer
  opened_at: Date | null
  called: number
  version: number
}

/** An event that is over, or will not be, needs no admission: seating sells nothing of it. */
const isHot = `not r.is_for_everybody and e.status <> 'CANCELLED' and e.ends_at > now()`

/** Undefined where the event was never made hot. */
export async function findRoom(sql: Sql, eventId: string): Promise<RoomRow | undefined> {
  const [row] = await sql.query<RoomRow>(roomStatement, [eventId])
  return row
}

const roomStatement = statement(
  'room',
  `select r.event_id, e.organizer_id, coalesce(r.opens_at, e.on_sale_at) as opens_at,
     r.opens_at as own_opens_at, r.admissions_per_minute, r.admitted_max, r.admission_minutes,
     r.is_for_everybody, ${isHot} as is_hot, r.seed, r.opened_at, r.called, r.version
   from rooms r join events e on e.id = r.event_id where r.event_id = $1`,
)

export type SetRoom = RoomSettings & { eventId: string; by: string; seed: Buffer; hotMax: number }

/**
 * Makes or changes a room. Gives nothing where the queue has opened and another opening is asked for, or where
 * as many events are hot as may be.
 */
export async function setRoom(sql: Sql, room: SetRoom): Promise<boolean> {
  const rows = await sql.query(setStatement, [
    room.eventId,
    room.opensAt ?? null,
    room.admissionsPerMinute,
    room.admittedMax,
    room.admissionMinutes,
    room.everybody,
    room.seed,
    room.by,
    room.hotMax,
    room.opensAt !== undefined,
  ])
  return rows.length > 0
}

const setStatement = statement(
  'room-set',
  `insert into rooms (event_id, opens_at, admissions_per_minute, admitted_max, admission_minutes,
     is_for_everybody, seed, changed_by)
   select $1::uuid, $2::timestamptz, $3::int, $4::int, $5::int, $6::boolean, $7::bytea, $8::uuid
   where $6::boolean or exists (select from rooms r where r.event_id = $1::uuid and not r.is_for_everybody)
     or (select count(*) from rooms r join events e on e.id = r.event_id where ${isHot}) < $9::int
   on conflict (event_id) do update set
     opens_at = case when $10::boolean then excluded.opens_at else rooms.opens_at end,
     admissions_per_minute = excluded.admissions_per_minute, admitted_max = excluded.admitted_max,
     admission_minutes = excluded.admission_minutes, is_for_everybody = excluded.is_for_everybody,
     changed_by = excluded.changed_by, changed_at = now(), version = rooms.version + 1
   where rooms.opened_at is null or not $10::boolean or rooms.opens_at is not distinct from excluded.opens_at
   returning version`,
)

/** Notes how far a queue has come. A lower count than is known changes nothing. */
export async function noteCalled(sql: Sql, eventId: string, called: number): Promise<void> {
  await sql.query(calledStatement, [eventId, called])
}

const calledStatement = statement(
  'room-called',
  `update rooms set called = greatest(called, $2), opened_at = coalesce(opened_at, now())
   where event_id = $1 and (opened_at is null or called < $2)`,
)

/** Every event that needs an admission. The version grows with each change of a room or of its event. */
export async function listHot(sql: Sql): Promise<HotEvents> {
  const [row] = await sql.query<HotEvents>(hotStatement)
  return row ?? { version: 0, events: [] }
}

const hotStatement = statement(
  'rooms-hot',
  `select coalesce(sum(r.version + e.version), 0)::int as version,
     coalesce(array_agg(r.event_id) filter (where ${isHot}), '{}') as events
   from rooms r join events e on e.id = r.event_id`,
)

/** Ends the queues of events that have been over for a while; gives their events. */
export const takeOver = (sql: Sql, hours: number, roomsMax: number) =>
  sql.query<{ event_id: string }>(overStatement, [hours, roomsMax])

const overStatement = statement(
  'rooms-over',
  `select r.event_id from rooms r join events e on e.id = r.event_id
   where e.ends_at < now() - make_interval(hours => $1)
     and exists (select from joins j where j.event_id = r.event_id)
   limit $2`,
)
