import { Migration } from '@mikro-orm/migrations'

export class ApiKeys extends Migration {
  override up() {
    this.addSql(`alter table users add column banned_at timestamptz`)
    this.addSql(`
      create table api_keys (
        id uuid primary key,
        user_id uuid not null references users (id),
        name text not null,
        secret_hash bytea not null check (length(secret_hash) = 32),
        scopes text[] not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz,
        used_at timestamptz
      )`)
    this.addSql(`create index api_keys_user on api_keys (user_id, created_at)`)
    // What the edge must refuse though its token is good. The version orders changes of one id.
    this.addSql(`create sequence edge_ban_versions`)
    this.addSql(`
      create table edge_bans (
        -- a user, a log-in or an API key
        id uuid primary key,
        version bigint not null default nextval('edge_ban_versions'),
        is_banned boolean not null,
        -- null: until it is lifted
        ends_at timestamptz,
        is_told boolean not null default false
      )`)
    this.addSql(`create index edge_bans_untold on edge_bans (version) where not is_told`)
    this.addSql(`create index edge_bans_ending on edge_bans (ends_at) where ends_at is not null`)
    this.addSql(`create index edge_bans_version on edge_bans (version) where is_told`)
  }
}
