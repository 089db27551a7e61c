import { form, names, type Name, type Row } from '../form.ts'

/** The set as SQL for any empty database, with the rules that Postgres can keep by itself. */
export function sqlOf(files: Record<Name, Row[]>): string {
  const parts = names.flatMap((name) => [tables[name], ...insertsOf(name, files[name])])
  return `-- A data set of Boxoffice's own. Made by \`npm run seed -- generate\`; load it with psql.\n\nbegin;\n\n${parts.join('\n\n')}\n\ncommit;\n`
}

const rowsAtOnce = 500

const tables: Record<Name, string> = {
  users: `create table etsr_users (
  user_id int primary key,
  name text not null,
  email text not null unique,
  phone text not null unique,
  created_at timestamp not null
);`,
  venues: `create table etsr_venues (
  venue_id int primary key,
  name text not null,
  city text not null,
  capacity int not null check (capacity > 0)
);`,
  events: `create table etsr_events (
  event_id int primary key,
  venue_id int not null references etsr_venues,
  title text not null,
  event_type text not null,
  event_date timestamp not null,
  base_price numeric(12, 2) not null check (base_price >= 0),
  status text not null check (status in ('SCHEDULED', 'ON_SALE', 'SOLD_OUT', 'CANCELLED'))
);`,
  seats: `create table etsr_seats (
  seat_id int primary key,
  event_id int not null references etsr_events,
  section text not null,
  "row" int not null,
  seat_number int not null,
  price numeric(12, 2) not null check (price >= 0),
  unique (event_id, section, "row", seat_number),
  unique (seat_id, event_id)
);`,
  orders: `create table etsr_orders (
  order_id int primary key,
  user_id int not null references etsr_users,
  event_id int not null references etsr_events,
  status text not null check (status in ('CREATED', 'CONFIRMED', 'CANCELLED')),
  payment_status text not null check (payment_status in ('SUCCESS', 'PENDING', 'FAILED')),
  order_total numeric(12, 2) not null check (order_total >= 0),
  created_at timestamp not null,
  -- confirmed is what was paid, and nothing else is
  check ((status = 'CONFIRMED') = (payment_status = 'SUCCESS')),
  unique (order_id, event_id),
  unique (order_id, order_total, payment_status)
);`,
  tickets: `create table etsr_tickets (
  ticket_id int primary key,
  order_id int not null,
  event_id int not null,
  seat_id int not null unique,
  price_paid numeric(12, 2) not null check (price_paid >= 0),
  -- of one event, with its order and its seat
  foreign key (order_id, event_id) references etsr_orders (order_id, event_id),
  foreign key (seat_id, event_id) references etsr_seats (seat_id, event_id)
);`,
  payments: `create table etsr_payments (
  payment_id int primary key,
  order_id int not null unique,
  amount numeric(12, 2) not null,
  method text not null check (method in ('CARD', 'UPI', 'NETBANKING', 'WALLET')),
  status text not null,
  reference text not null unique,
  created_at timestamp not null,
  -- says of amount and status what its order says
  foreign key (order_id, amount, status)
    references etsr_orders (order_id, order_total, payment_status)
);`,
}

function insertsOf(name: Name, rows: Row[]): string[] {
  const columns = form[name]
  const head = `insert into etsr_${name} (${columns.map((column) => (column === 'row' ? '"row"' : column)).join(', ')}) values`
  const pieces: string[] = []
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const values = rows
      .slice(start, start + rowsAtOnce)
      .map((row) => `(${columns.map((column) => literal(column, row[column] ?? '')).join(', ')})`)
    pieces.push(`${head}\n${values.join(',\n')};`)
  }
  return pieces
}

const isNumber = (column: string) =>
  /_id$|_number$|^row$|^capacity$|^amount$|price|_total$/.test(column)

const literal = (column: string, text: string): string =>
  isNumber(column) ? text : `'${text.replaceAll("'", "''")}'`
