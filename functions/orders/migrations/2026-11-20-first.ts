import { Migration } from '@mikro-orm/migrations'
import { inboxTable } from '../../_runtime/inbox.ts'
import { outboxTables } from '../../_runtime/outbox.ts'

export class First extends Migration {
  override up() {
    this.addSql(`
      create table events (
        id uuid primary key,
        title text not null,
        status text not null,
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        on_sale_at timestamptz,
        currency char(3) not null,
        version int not null
      )`)
    this.addSql(`
      create table orders (
        id uuid primary key,
        buyer_id uuid not null,
        event_id uuid not null,
        event_title text not null,
        starts_at timestamptz,
        status text not null check (status in ('PENDING', 'HELD', 'PAID', 'CONFIRMED', 'FAILED',
          'EXPIRED', 'CANCELLED', 'REFUNDING', 'REFUNDED')),
        -- set while the money is made whole: what the order ends in afterwards
        closing text check (closing in ('FAILED', 'EXPIRED', 'CANCELLED')),
        reason text,
        hold_id uuid not null,
        hold_expires_at timestamptz,
        currency char(3) not null,
        subtotal_minor bigint not null,
        tax_minor bigint not null,
        total_minor bigint not null,
        refunded_minor bigint not null default 0 check (refunded_minor between 0 and total_minor),
        -- what a saga that is resumed still needs; gone once the order is settled
        means jsonb,
        choice jsonb,
        payment_id uuid,
        payment_status text,
        next_action_url text,
        -- when the sweep takes it up: a lease while somebody works on it, null when nothing is left to do
        due_at timestamptz,
        confirmed_outbox_id uuid,
        created_at timestamptz not null default now(),
        confirmed_at timestamptz,
        tickets_issued_at timestamptz,
        version int not null default 1,
        is_async boolean not null default false,
        is_imported boolean not null default false,
        external_id text,
        imported jsonb,
        check (not is_imported or due_at is null)
      )`)
    this.addSql(`create index orders_of_buyer on orders (buyer_id, created_at desc, id)`)
    this.addSql(`create index orders_of_event on orders (event_id) where status = 'CONFIRMED'`)
    this.addSql(`create index orders_due on orders (due_at) where due_at is not null`)
    this.addSql(
      `create unique index orders_external on orders (external_id) where external_id is not null`,
    )
    this.addSql(`
      create table order_lines (
        order_id uuid not null references orders (id),
        place int not null,
        seat_id uuid not null,
        label text not null,
        section text not null,
        "row" text,
        number int,
        price_minor bigint not null,
        is_refunded boolean not null default false,
        primary key (order_id, place)
      )`)
    // The answer as it was sent, as text: jsonb would not keep its bytes.
    this.addSql(`
      create table kept_answers (
        order_id uuid primary key,
        caller_id uuid not null,
        key text not null,
        request_hash text not null,
        status int,
        headers text,
        body text,
        created_at timestamptz not null default now()
      )`)
    // Written before the money is asked back, so that a refund that was begun is always ended.
    this.addSql(`
      create table refunds (
        id uuid primary key,
        order_id uuid not null references orders (id),
        places int[] not null,
        amount_minor bigint not null check (amount_minor >= 0),
        status text not null default 'PENDING' check (status in ('PENDING', 'DONE')),
        due_at timestamptz not null default now(),
        attempts int not null default 0,
        created_at timestamptz not null default now()
      )`)
    this.addSql(`create index refunds_of_order on refunds (order_id)`)
    this.addSql(`create index refunds_due on refunds (due_at) where status = 'PENDING'`)
    this.addSql(inboxTable)
    this.addSql(outboxTables)
  }
}
