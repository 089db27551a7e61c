import { Migration } from '@mikro-orm/migrations'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table dead_letters (
        id uuid primary key,
        -- SHA-256 of source, id and destination: these may be longer than an index takes
        key bytea not null unique,
        source text not null,
        event_id text not null,
        type text not null,
        subject text,
        destination text,
        function_name text,
        -- json, not jsonb: it keeps what jsonb refuses
        attributes json not null,
        content_type text,
        data bytea not null,
        code int,
        answer bytea,
        arrived text,
        correlation_id text not null,
        state text not null default 'DEAD' check (state in ('DEAD', 'REPLAYED', 'DISCARDED')),
        times int not null default 1,
        first_received_at timestamptz not null default now(),
        last_received_at timestamptz not null default now(),
        died_at timestamptz not null default now(),
        replay_id uuid,
        replaying_until timestamptz,
        tried_at timestamptz,
        settled_at timestamptz,
        settled_by uuid,
        reason text,
        check ((state = 'DEAD') = (settled_at is null)),
        check ((replay_id is null) = (replaying_until is null))
      )`)
    this.addSql(`create index dead_letters_listed on dead_letters (died_at, id)`)
    this.addSql(
      `create index dead_letters_waiting on dead_letters (tried_at nulls first, died_at) where state = 'DEAD'`,
    )
    this.addSql(
      `create index dead_letters_settled on dead_letters (settled_at) where state <> 'DEAD'`,
    )
    this.addSql(`
      create table replays (
        id uuid primary key,
        dead_letter_id uuid not null references dead_letters (id) on delete cascade,
        by_id uuid not null,
        via text not null check (via in ('function', 'broker')),
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        outcome text check (outcome in ('TAKEN', 'REFUSED', 'UNREACHED', 'UNKNOWN')),
        code int,
        detail text,
        check ((ended_at is null) = (outcome is null))
      )`)
    this.addSql(`create index replays_of on replays (dead_letter_id, started_at)`)
  }
}
