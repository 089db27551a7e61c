import { Migration } from '@mikro-orm/migrations'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table contacts (
        user_id uuid primary key,
        -- name and address; null once the person is erased, so that older news cannot bring them back
        sealed text,
        version int not null
      )`)
    this.addSql(`
      create table messages (
        id uuid primary key,
        -- null once the person is erased
        recipient_id uuid,
        kind text not null,
        order_id uuid,
        -- of the order snapshot that it tells of; 0 where there is only ever one message of the kind
        order_version int not null default 0,
        -- the order has no live tickets from here on
        is_over boolean not null,
        subject text not null,
        facts jsonb not null,
        -- the codes of tickets, until they are sent
        sealed text,
        correlation_id text not null,
        status text not null default 'QUEUED' check (status in ('QUEUED', 'SENT', 'FAILED')),
        reason text,
        attempts int not null default 0,
        due_at timestamptz not null default now(),
        created_at timestamptz not null default now(),
        sent_at timestamptz,
        check (status = 'QUEUED' or sealed is null),
        check ((status = 'SENT') = (sent_at is not null))
      )`)
    this.addSql(`create unique index messages_once on messages (order_id, kind, order_version)`)
    this.addSql(`create index messages_due on messages (attempts, due_at) where status = 'QUEUED'`)
    this.addSql(`create index messages_recipient on messages (recipient_id, created_at desc)`)
    this.addSql(`
      create table deliveries (
        message_id uuid not null references messages (id),
        attempt int not null,
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        -- UNKNOWN: no answer came, the mail may have been taken; null: under way, or its process died
        outcome text check (outcome in ('SENT', 'REFUSED', 'UNKNOWN')),
        detail text,
        primary key (message_id, attempt)
      )`)
    this.addSql(outboxTables)
  }
}
