import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { createSeal } from '../../functions/_runtime/seal.ts'
import { sealPersonal } from '../../functions/users/personal.ts'
import { exportFolder } from '../export.ts'
import { fileOf, names, type Name } from '../form.ts'
import { idOf } from '../ids.ts'
import { importFolder } from '../import.ts'
import { dirty, openInstallation, type InstallationUnderTest } from './support.ts'

const read = (folder: string, name: Name) => readFileSync(join(folder, fileOf(name)), 'utf8')

describe('the export', (it) => {
  let installation: InstallationUnderTest
  let to: string
  it.before(async () => {
    installation = await openInstallation()
    await importFolder({ ...installation, folder: dirty, shiftDates: true })
    to = join(installation.folder, 'exported')
  })
  it.after(() => installation.close())

  const exported = async () => {
    await exportFolder({ ...installation, folder: to })
    return Object.fromEntries(names.map((name) => [name, read(to, name)])) as Record<Name, string>
  }
  /** A line of a file by its number. */
  const line = (text: string, number: number) =>
    text.split('\n').find((one) => one.startsWith(`${number},`))

  it('gives the imported rows back byte for byte, without those that were rejected', async () => {
    const files = await exported()
    for (const name of names) {
      const original = read(dirty, name).split('\n')
      for (const row of files[name].split('\n')) assert.ok(original.includes(row), row)
    }
    assert.is(files.venues, read(dirty, 'venues').replace('2,Big Barn,Delhi,-5\n', ''))
    assert.equal(
      files.users.split('\n').map((row) => row.split(',')[0]),
      ['user_id', '1', '2', '9', '12', ''],
    )
    assert.is(statSync(join(to, fileOf('users'))).mode & 0o777, 0o600)
  })

  it('shows what changed since as it is now', async () => {
    const { look } = installation
    await look('users', `update users set name = 'Asha R. Rao', version = 2 where id = $1`, [
      idOf('users', 1),
    ])
    await look(
      'catalog',
      `update events set title = 'Ghazals, all night', starts_at = starts_at + interval '1 h',
         ends_at = ends_at + interval '1 h', version = version + 1 where id = $1`,
      [idOf('events', 1)],
    )
    await look('seating', `update seats set version = version + 1 where id = $1`, [
      idOf('seats', 5),
    ])
    await look('tickets', `update tickets set status = 'USED', version = 2 where id = $1`, [
      idOf('tickets', 5),
    ])
    const { users, events, seats, tickets } = await exported()
    assert.is(line(users, 1), '1,Asha R. Rao,asha@example.com,0000010001,2025-01-01 10:00:00')
    assert.is(
      line(events, 1),
      '1,1,"Ghazals, all night",Concert,2026-06-01 19:00:00,500.00,ON_SALE',
    )
    assert.is(line(seats, 5), '5,1,VIP,10,1,500.00')
    assert.is(line(tickets, 5), '5,4,1,5,500.00')
    assert.is(line(tickets, 3), '3,3,1,3,500.0')
  })

  it('forgets who was erased, and keeps his number', async () => {
    await installation.look(
      'users',
      `update users set name = null, email_sealed = null, email_fingerprint = null, phone_sealed = null,
         imported_sealed = null, roles = '{}', erased_at = now(), version = 2 where id = $1`,
      [idOf('users', 2)],
    )
    const { users } = await exported()
    assert.is(line(users, 2), '2,Erased,erased-2@boxoffice.invalid,,2025-01-02 10:00:00')
  })

  it('numbers what was made here after what was imported, and can be imported elsewhere', async () => {
    await makeHere(installation)
    const files = await exported()
    assert.is(line(files.users, 13), '13,Nila Roy,nila@example.com,,2026-09-01 10:00:00')
    assert.is(line(files.venues, 4), '4,New Hall,Pune,3')
    assert.is(line(files.events, 12), '12,4,Made Here,Play,2026-12-24 18:00:00,100.00,ON_SALE')
    assert.is(line(files.seats, 19), '19,12,Stalls,A,2,150.00')
    assert.is(line(files.orders, 15), '15,13,12,CONFIRMED,SUCCESS,262.50,2026-09-02 10:00:00')
    assert.is(line(files.orders, 16), '16,13,12,CANCELLED,FAILED,157.50,2026-09-03 10:00:00')
    assert.is(line(files.tickets, 15), '15,15,12,18,100.00')
    assert.is(line(files.tickets, 16), '16,15,12,19,150.00')
    assert.is(line(files.tickets, 17), '17,16,12,20,150.00')
    assert.is(line(files.payments, 15), undefined)
    assert.is(line(files.payments, 14), '14,15,262.50,CARD,SUCCESS,ch_1,2026-09-02 10:00:05')

    const other = await openInstallation()
    const { files: report } = await importFolder({ ...other, folder: to })
    for (const name of names) assert.is(report[name].rejected, 0, name)
    await exportFolder({ ...other, folder: join(other.folder, 'again') })
    for (const name of names) assert.is(read(join(other.folder, 'again'), name), files[name])
    other.clean()
  })
})

/** A buyer, an event with three seats, an order of three of which one was refunded, and one that ran out. */
async function makeHere({ look, keys }: InstallationUnderTest): Promise<void> {
  const ids = Array.from({ length: 9 }, (_, i) => `019b0000-0000-7000-8000-00000000000${i}`)
  const [user = '', venue, event, s1, s2, s3, order, lost, payment] = ids
  const sealed = sealPersonal(createSeal(keys.users), {
    id: user,
    email: 'nila@example.com',
    phone: null,
  })
  await look(
    'users',
    `insert into users (id, name, roles, email_sealed, email_fingerprint, created_at)
     values ($1, 'Nila Roy', '{customer}', $2, $3, '2026-09-01T10:00:00Z')`,
    [user, sealed.emailSealed, sealed.emailFingerprint],
  )
  await look(
    'catalog',
    `with venue as (
       insert into venues (id, name, city, capacity, layout)
       values ($1, 'New Hall', 'Pune', 3, '{"sections": []}') returning id, name, city
     )
     insert into events (id, venue_id, venue_name, city, title, type, status, starts_at, ends_at,
       currency, prices, layout_version)
     select $2, id, name, city, 'Made Here', 'Play', 'ON_SALE', '2026-12-24T18:00:00Z',
       '2126-12-24T21:00:00Z', 'INR', '{"Gold": 15000, "Silver": 10000}', 1 from venue`,
    [venue, event],
  )
  await look(
    'seating',
    `with event as (
       insert into events (id, status, starts_at, ends_at, currency, layout_version, version)
       values ($1, 'ON_SALE', now(), now(), 'INR', 1, 1) returning id
     )
     insert into seats (id, event_id, ordinal, label, section, "row", number, price_minor)
     select s.id, event.id, n, 'A-' || n, 'Stalls', 'A', n, price from event,
       unnest($2::uuid[], array[1, 2, 3], array[10000, 15000, 15000]) as s (id, n, price)`,
    [event, [s1, s2, s3]],
  )
  await look(
    'orders',
    `with asked as (
       insert into orders (id, buyer_id, event_id, event_title, status, hold_id, currency,
         subtotal_minor, tax_minor, total_minor, refunded_minor, payment_status, created_at)
       values
         ($1, $3, $4, '', 'CONFIRMED', $1, 'INR', 40000, 2000, 42000, 15750, 'PARTIALLY_REFUNDED',
           '2026-09-02T10:00:00Z'),
         ($2, $3, $4, '', 'EXPIRED', $2, 'INR', 15000, 750, 15750, 0, null, '2026-09-03T10:00:00Z')
     )
     insert into order_lines (order_id, place, seat_id, label, section, price_minor, is_refunded)
     values ($1, 0, $5, '', '', 10000, false), ($1, 1, $6, '', '', 15000, false),
       ($1, 2, $7, '', '', 15000, true), ($2, 0, $7, '', '', 15000, false)`,
    [order, lost, user, event, s1, s2, s3],
  )
  await look(
    'payments',
    `insert into payments (id, order_id, amount_minor, refunded_minor, currency, method, status,
       provider_reference, created_at)
     values ($1, $2, 42000, 15750, 'INR', 'CARD', 'PARTIALLY_REFUNDED', 'ch_1', '2026-09-02T10:00:05Z')`,
    [payment, order],
  )
}
