import { Migration } from '@mikro-orm/migrations'

export class Links extends Migration {
  override up() {
    this.addSql(`alter table users add column email_verified_at timestamptz`)
    // A row is deleted when its link is used, so that it is used once.
    this.addSql(`
      create table links (
        id uuid primary key,
        user_id uuid not null references users (id),
        purpose text not null check (purpose in ('verify-email', 'reset-password', 'change-email')),
        -- of the token, which is not kept: it follows from the id and KEY_SECRET
        token_hash bytea not null check (length(token_hash) = 32),
        -- the address that the link goes to and proves
        email_sealed text not null,
        email_fingerprint text not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
      )`)
    this.addSql(`create index links_user on links (user_id, purpose, created_at)`)
    this.addSql(`create index links_expiring on links (expires_at)`)
    // Written for every address, known or not, so that the answer takes the same time.
    this.addSql(`
      create table reset_requests (
        email_fingerprint text primary key,
        requested_at timestamptz not null default now()
      )`)
  }
}
