import { Migration } from '@mikro-orm/migrations'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table events (
        id uuid primary key,
        organizer_id uuid,
        status text not null,
        on_sale_at timestamptz,
        ends_at timestamptz not null,
        version int not null
      )`)
    this.addSql(`
      create table rooms (
        event_id uuid primary key references events (id),
        opens_at timestamptz,
        admissions_per_minute int not null check (admissions_per_minute >= 0),
        admitted_max int not null check (admitted_max > 0),
        admission_minutes int not null check (admission_minutes > 0),
        is_for_everybody boolean not null,
        -- with a key from the environment it decides the order of those who came before the opening
        seed bytea not null,
        opened_at timestamptz,
        called int not null default 0,
        version int not null default 1,
        changed_by uuid not null,
        changed_at timestamptz not null default now()
      )`)
    // What Redis is rebuilt from: a row a person, never read while Redis is whole.
    this.addSql(`
      create table joins (
        event_id uuid not null references rooms (event_id) on delete cascade,
        user_id uuid not null,
        number int,
        admission_id uuid,
        admitted_until timestamptz,
        joined_at timestamptz not null default now(),
        primary key (event_id, user_id),
        check ((admission_id is null) = (admitted_until is null))
      )`)
  }
}
