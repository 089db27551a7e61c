import { Migration } from '@mikro-orm/migrations'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table events (
        id uuid primary key,
        title text not null,
        venue_name text not null,
        city text not null,
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        version int not null
      )`)
    // Also of an order that has no tickets: one that was over before its confirmation came in.
    this.addSql(`
      create table ticket_orders (
        order_id uuid primary key,
        version int not null,
        status text not null,
        event_title text not null,
        -- the outbox row of tickets.issued; null until tickets are issued
        issued_id uuid
      )`)
    // No foreign key to events: an order may be told of before its event is.
    this.addSql(`
      create table tickets (
        id uuid primary key,
        order_id uuid not null,
        event_id uuid not null,
        seat_id uuid not null,
        holder_id uuid not null,
        label text not null,
        status text not null default 'ACTIVE' check (status in ('ACTIVE', 'USED', 'CANCELLED')),
        is_imported boolean not null default false,
        external_id bigint,
        imported jsonb,
        issued_at timestamptz not null default now(),
        version int not null default 1
      )`)
    // The last word: a seat lets one in, whatever was sent, twice or in the wrong order.
    this.addSql(
      `create unique index tickets_live_seat on tickets (seat_id) where status <> 'CANCELLED'`,
    )
    this.addSql(`create index tickets_order on tickets (order_id)`)
    this.addSql(`create index tickets_holder on tickets (holder_id, issued_at desc)`)
    this.addSql(
      `create unique index tickets_external on tickets (external_id) where external_id is not null`,
    )
    this.addSql(outboxTables)
  }
}
