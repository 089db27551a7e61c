import { Migration } from '@mikro-orm/migrations'
import { inboxTable } from '../../_runtime/inbox.ts'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    this.addSql(`create extension if not exists pg_trgm with schema catalog`)
    // Names its collation: what is equal must not depend on the locale of the server.
    this.addSql(`
      create function folded(words text) returns text immutable parallel safe language sql
        return casefold(normalize(words) collate pg_unicode_fast)`)
    this.addSql(String.raw`
      create function containing(word text) returns text immutable parallel safe language sql
        return '%' || regexp_replace(folded(word), '([\\%_])', '\\\1', 'g') || '%'`)
    this.addSql(`
      create table venues (
        id uuid primary key,
        name text not null,
        city text not null,
        capacity int not null,
        layout jsonb not null,
        layout_version int not null default 1,
        organizer_id uuid,
        external_id text,
        imported jsonb,
        created_at timestamptz not null default now(),
        version int not null default 1,
        name_key text not null generated always as (folded(name)) stored,
        city_key text not null generated always as (folded(city)) stored,
        search_text text not null generated always as (folded(name || E'\\n' || city)) stored
      )`)
    this.addSql(
      `create unique index venues_external on venues (external_id) where external_id is not null`,
    )
    this.addSql(`create index venues_by_name on venues (name_key, id)`)
    this.addSql(`create index venues_by_city on venues (city_key, name_key, id)`)
    this.addSql(`create index venues_search on venues using gin (search_text gin_trgm_ops)`)
    this.addSql(`
      create table events (
        id uuid primary key,
        -- first what a search looks at: Postgres walks a row from its beginning
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        on_sale_at timestamptz,
        created_at timestamptz not null default now(),
        is_sold_out boolean not null default false,
        -- an imported status stands as it is, whatever the time says, until the first sale
        is_status_pinned boolean not null default false,
        status text not null default 'DRAFT',
        -- one word is never found across two of them
        search_text text not null generated always as
          (folded(title || E'\\n' || type || E'\\n' || venue_name || E'\\n' || city)) stored,
        title_key text not null generated always as (folded(title)) stored,
        type_key text not null generated always as (folded(type)) stored,
        city_key text not null generated always as (folded(city)) stored,
        title text not null,
        type text not null,
        description text not null default '',
        venue_id uuid not null constraint events_venue references venues (id),
        -- copies of the venue's, so that a search reads one table
        venue_name text not null,
        city text not null,
        organizer_id uuid,
        currency char(3) not null,
        prices jsonb not null,
        -- the venue's, as they were when the event was published
        layout jsonb,
        layout_version int,
        seats_generated int,
        availability_version int not null default 0,
        external_id text,
        imported jsonb,
        shift_seconds bigint not null default 0,
        version int not null default 1,
        constraint events_times check (starts_at < ends_at),
        constraint events_status check (status in ('DRAFT', 'SCHEDULED', 'ON_SALE', 'CANCELLED')
          or (is_status_pinned and status in ('SOLD_OUT', 'COMPLETED'))),
        constraint events_layout check (status = 'DRAFT' or layout_version is not null)
      )`)
    this.addSql(
      `create unique index events_external on events (external_id) where external_id is not null`,
    )
    this.addSql(`create index events_of_venue on events (venue_id)`)
    this.addSql(`create index events_of_organizer on events (organizer_id, starts_at, id)`)
    this.addSql(`create index events_by_title on events (title_key, id)`)
    this.addSql(`create index events_by_creation on events (created_at, id)`)
    // Every list counts all that it matches: these hold what the filters look at, so that counting reads no row.
    const status = 'status, is_status_pinned, is_sold_out, ends_at, on_sale_at'
    this.addSql(`
      create index events_by_start on events (starts_at, id) include (${status}, city_key, type_key)`)
    this.addSql(`
      create index events_by_city on events (city_key, starts_at, id) include (${status}, type_key)`)
    this.addSql(
      `create index events_by_type on events (type_key, starts_at, id) include (${status})`,
    )
    this.addSql(`create index events_search on events using gin (search_text gin_trgm_ops)`)
    this.addSql(inboxTable)
    this.addSql(outboxTables)
  }
}
