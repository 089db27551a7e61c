import { Migration } from '@mikro-orm/migrations'
import { inboxTable } from '../../_runtime/inbox.ts'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    // Who was erased stays as a row without a person, so that his id is never given to another.
    this.addSql(`
      create table users (
        id uuid primary key,
        name text,
        roles text[] not null,
        -- sealed for this row: a copy of the table shows neither address nor number
        email_sealed text,
        email_fingerprint text,
        phone_sealed text,
        version int not null default 1,
        -- the row of a data set that this user came from: its number, and all of it, sealed
        external_id text,
        imported_sealed text,
        created_at timestamptz not null default now(),
        erased_at timestamptz,
        check (case when erased_at is null
          then num_nulls(name, email_sealed, email_fingerprint) = 0
          else num_nonnulls(name, email_sealed, email_fingerprint, phone_sealed, imported_sealed) = 0
        end)
      )`)
    this.addSql(`create unique index users_email on users (email_fingerprint)`)
    this.addSql(`create unique index users_external_id on users (external_id)`)
    this.addSql(`
      create index users_admins on users (id) where 'admin' = any(roles) and erased_at is null`)
    // A user without a row here, as an imported one, cannot log in.
    this.addSql(`
      create table credentials (
        user_id uuid primary key references users (id),
        password_hash text not null,
        changed_at timestamptz not null default now()
      )`)
    this.addSql(`
      create table sessions (
        id uuid primary key,
        user_id uuid not null references users (id),
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
      )`)
    this.addSql(`create index sessions_user on sessions (user_id)`)
    this.addSql(`create index sessions_expiring on sessions (expires_at)`)
    // Rotated tokens stay as long as their session: one that comes again is in two hands.
    this.addSql(`
      create table refresh_tokens (
        hash bytea primary key check (length(hash) = 32),
        session_id uuid not null references sessions (id) on delete cascade,
        created_at timestamptz not null default now(),
        rotated_at timestamptz,
        -- the token that came after, sealed with this one: only who has this one can have it again
        successor_sealed text,
        check ((rotated_at is null) = (successor_sealed is null))
      )`)
    this.addSql(`create index refresh_tokens_session on refresh_tokens (session_id)`)
    // A key is published before it signs and after it has signed its last, so that no copy of the set is too old.
    this.addSql(`
      create table signing_keys (
        kid text primary key,
        public_jwk jsonb not null,
        private_sealed text not null,
        created_at timestamptz not null default now(),
        signs_from timestamptz not null default now(),
        retires_at timestamptz check (retires_at > signs_from)
      )`)
    this.addSql(inboxTable)
    this.addSql(outboxTables)
  }
}
