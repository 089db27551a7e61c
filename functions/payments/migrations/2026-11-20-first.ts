import { Migration } from '@mikro-orm/migrations'
import { inboxTable } from '../../_runtime/inbox.ts'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table payments (
        id uuid primary key,
        order_id uuid not null unique,
        -- null while only the provider has told of the payment
        payer_id uuid,
        -- null where an order was voided before anything was charged
        amount_minor bigint check (amount_minor >= 0),
        currency char(3),
        method text,
        status text not null
          check (status in ('PENDING', 'SUCCESS', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')),
        -- which try of the payer the status belongs to; the provider's key names it
        attempt int not null default 1,
        provider text,
        provider_reference text,
        reason text,
        next_action_url text,
        refunded_minor bigint not null default 0,
        -- asked back and not yet given back
        refund_due_minor bigint not null default 0,
        -- the saga waits for an event: what becomes of the payment is published
        is_awaited boolean not null default false,
        -- OPEN while it is being made sure that no money stays with us, DONE once it is sure
        void_status text check (void_status in ('OPEN', 'DONE')),
        -- the row of the outbox that tells of the status
        told_id uuid,
        -- when a sweep looks at it, while it is PENDING or its void is OPEN
        check_at timestamptz not null default now(),
        pending_since timestamptz not null default now(),
        external_id text unique,
        imported jsonb,
        is_imported boolean not null default false,
        created_at timestamptz not null default now(),
        version int not null default 1,
        -- the last word on money that goes back: never more than came
        constraint payments_refunds check (refunded_minor + refund_due_minor <= amount_minor)
      ) with (fillfactor = 90)`)
    this.addSql(`
      create index payments_unsettled on payments (check_at)
      where not is_imported and (status = 'PENDING' or void_status = 'OPEN')`)
    this.addSql(`
      create table refunds (
        id uuid primary key,
        payment_id uuid not null references payments (id),
        amount_minor bigint not null check (amount_minor > 0),
        status text not null default 'PENDING' check (status in ('PENDING', 'SUCCESS')),
        tries int not null default 0,
        due_at timestamptz not null default now() + interval '10 s',
        created_at timestamptz not null default now()
      )`)
    this.addSql(`create index refunds_due on refunds (due_at) where status = 'PENDING'`)
    this.addSql(`create index refunds_payment on refunds (payment_id)`)
    // Kept for ever: a webhook may be sent again, with a new and good signature, years later.
    this.addSql(`
      create table provider_events (
        provider text not null,
        id text not null,
        type text not null,
        -- what was sent, where it is about nothing that is known here
        parked text,
        received_at timestamptz not null default now(),
        primary key (provider, id)
      )`)
    this.addSql(`
      create table intents (
        id uuid primary key,
        order_id uuid not null unique,
        payer_id uuid not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency char(3) not null,
        attempts int not null default 1,
        -- nothing can be paid through it any more
        is_closed boolean not null default false,
        created_at timestamptz not null default now()
      )`)
    this.addSql(inboxTable)
    this.addSql(outboxTables)
  }
}
