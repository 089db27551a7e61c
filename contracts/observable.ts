import type { FunctionName } from './functions.ts'

/** The role that `npm run invariants` reads with. It may enter every function's database and write to none. */
export const observer = 'boxoffice_observer'

type Columns = Partial<Record<FunctionName, Record<string, readonly string[]>>>

const columns = (...lines: string[]) => lines.join(' ').split(' ')

const outbox = {
  outbox: columns('id aggregatetype aggregateid type created_at'),
  outbox_unsent: columns('id due_at'),
}

/**
 * All that the observer may read: what invariants are about, and nothing personal or secret. A payload of an outbox has
 * means of payment and codes of tickets, so it is not here; a new column is not readable until it is.
 */
export const observable: Columns = {
  users: outbox,
  catalog: { ...outbox, events: columns('id status starts_at external_id') },
  seating: {
    ...outbox,
    events: columns('id status starts_at seats_total'),
    seats: columns('id event_id label status hold_id held_until changed_at version imported'),
    holds: columns('id event_id order_id seat_ids status expires_at created_at'),
    allocations: columns('seat_id event_id order_id is_imported allocated_at'),
  },
  orders: {
    ...outbox,
    events: columns('id status starts_at'),
    orders: columns(
      'id status closing currency subtotal_minor tax_minor total_minor',
      'refunded_minor payment_status hold_expires_at due_at created_at',
      'confirmed_at tickets_issued_at is_imported',
    ),
    order_lines: columns('order_id seat_id price_minor is_refunded'),
    kept_answers: columns('order_id caller_id key status'),
    refunds: columns('id order_id amount_minor status attempts due_at created_at'),
  },
  payments: {
    ...outbox,
    payments: columns(
      'id order_id amount_minor currency status provider refunded_minor',
      'refund_due_minor void_status pending_since is_imported',
    ),
    refunds: columns('id payment_id amount_minor status tries due_at created_at'),
  },
  tickets: {
    ...outbox,
    events: columns('id starts_at'),
    ticket_orders: columns('order_id status'),
    tickets: columns('id order_id seat_id status is_imported'),
  },
  notifications: {
    ...outbox,
    messages: columns('id order_id kind order_version'),
    deliveries: columns('message_id outcome'),
  },
  'dead-letters': {
    dead_letters: columns('id function_name type source event_id code died_at state'),
  },
}

/**
 * A statement that lets the observer read what `observable` says of a function and takes back all else. It may be
 * run by the schema's owner or by a superuser, before the tables are there and after; without the role it does nothing.
 */
export const grantObservable = (name: string): string => `
  do $$
  declare found record;
  begin
    if not exists (select from pg_roles where rolname = '${observer}') then return; end if;
    revoke all on all tables in schema "${name}" from ${observer};
    grant usage on schema "${name}" to ${observer};
    for found in
      select c.relname as name, string_agg(quote_ident(a.attname), ', ') as columns
      from json_each('${JSON.stringify(observable[name as FunctionName] ?? {})}') as t (name, columns)
        join pg_class c on c.relname = t.name and c.relnamespace = '"${name}"'::regnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and a.attname in (select json_array_elements_text(t.columns))
      group by c.relname
    loop
      execute format('grant select (%s) on "${name}".%I to ${observer}', found.columns, found.name);
    end loop;
  end $$`
