import { Migration } from '@mikro-orm/migrations'
import { inboxTable } from '../../_runtime/inbox.ts'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table events (
        id uuid primary key,
        status text not null,
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        on_sale_at timestamptz,
        currency char(3) not null,
        price_factor numeric(8, 4) not null default 1,
        layout_version int not null,
        version int not null,
        -- null until the seats are made
        seats_total int,
        -- what was last told of: null before the first time
        is_sold_out boolean,
        availability_version int not null default 0
      )`)
    this.addSql(`
      create table seats (
        id uuid primary key,
        event_id uuid not null references events (id),
        ordinal int not null,
        label text not null,
        section text not null,
        "row" text,
        number int,
        price_minor bigint not null check (price_minor >= 0),
        status text not null default 'AVAILABLE'
          check (status in ('AVAILABLE', 'HELD', 'SOLD', 'BLOCKED')),
        hold_id uuid,
        held_until timestamptz,
        changed_at timestamptz not null default now(),
        version int not null default 0,
        imported jsonb,
        check ((status = 'HELD') = (hold_id is not null and held_until is not null))
      ) with (fillfactor = 80)`)
    // No index holds the status: changing it then touches no index at all (a heap-only update).
    this.addSql(`create unique index seats_place on seats (event_id, ordinal)`)
    this.addSql(`create unique index seats_label on seats (event_id, label)`)
    this.addSql(`
      create table holds (
        id uuid primary key,
        event_id uuid not null references events (id),
        buyer_id uuid not null,
        order_id uuid,
        seat_ids uuid[] not null,
        prices_minor bigint[] not null,
        status text not null default 'ACTIVE'
          check (status in ('ACTIVE', 'RELEASED', 'EXPIRED', 'ALLOCATED')),
        is_extended boolean not null default false,
        expires_at timestamptz not null,
        created_at timestamptz not null default now()
      )`)
    this.addSql(`create index holds_expiring on holds (expires_at) where status = 'ACTIVE'`)
    // The last word on who has a seat. Redis may lose its keys and a hold may be stale: this cannot be wrong.
    this.addSql(`
      create table allocations (
        seat_id uuid primary key references seats (id),
        event_id uuid not null,
        order_id uuid not null,
        is_imported boolean not null default false,
        allocated_at timestamptz not null default now()
      )`)
    this.addSql(`create index allocations_recent on allocations (allocated_at)`)
    this.addSql(inboxTable)
    this.addSql(outboxTables)
  }
}
