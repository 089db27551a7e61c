import * as assert from 'uvu/assert'
import { snapshotsOf } from '../../functions/catalog/import.ts'
import { keepAvailability } from '../../functions/catalog/store/availability.ts'
import { claimDue } from '../../functions/orders/store/due.ts'
import { findCancelled } from '../../functions/orders/store/cancelled.ts'
import { claimRefunds } from '../../functions/orders/store/refunds.ts'
import { claimUnsettled } from '../../functions/payments/store/payments.ts'
import { noteAvailability, recentlySold } from '../../functions/seating/store/events.ts'
import { expireHolds } from '../../functions/seating/store/end-holds.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { idOf } from '../ids.ts'
import { importFolder } from '../import.ts'
import { openOwners, type Owners } from '../owners.ts'
import { dirty, dumpOf, openInstallation, type InstallationUnderTest } from './support.ts'

describe('what was imported', (it) => {
  let installation: InstallationUnderTest
  let owners: Owners
  it.before(async () => {
    installation = await openInstallation()
    await importFolder({ ...installation, folder: dirty })
    owners = openOwners(installation)
  })
  it.after(async () => {
    await owners.close()
    await installation.close()
  })

  it('is told to nobody: no outbox has a row, and no mail is queued', async () => {
    const dump = await dumpOf(installation)
    const told = Object.entries(dump).filter(
      ([table, rows]) => /\.(outbox|outbox_unsent|inbox|messages)$/.test(table) && rows.length > 0,
    )
    assert.equal(told, [])
  })

  it('is taken up by no sweep', async () => {
    const { orders, payments, seating } = owners.databases
    assert.equal(await claimDue(orders, 100, 30), [])
    assert.equal(await claimRefunds(orders, 100), [])
    assert.equal(await claimUnsettled(payments, 100), [])
    assert.equal(await expireHolds(seating, 100), [])
    assert.equal(await recentlySold(seating, 1200), [])
  })

  it('is not refunded when its event is cancelled', async () => {
    await installation.look('orders', `update events set status = 'CANCELLED' where id = $1`, [
      idOf('events', 1),
    ])
    assert.equal(await findCancelled(owners.databases.orders, 100), [])
  })

  it('stands as it came: an order that was paid and not confirmed, and one without its money', async () => {
    const orders = await installation.look(
      'orders',
      `select jsonb_object_agg(external_id, jsonb_build_array(status, payment_status, due_at,
         is_imported, tickets_issued_at is not null)) from orders where external_id in ('1', '4', '5', '6')`,
    )
    assert.equal(orders, {
      1: ['CONFIRMED', 'SUCCESS', null, true, true],
      4: ['CONFIRMED', 'FAILED', null, true, true],
      5: ['PAID', 'SUCCESS', null, true, false],
      6: ['PENDING', 'PENDING', null, true, false],
    })
    const payment = await installation.look(
      'payments',
      `select jsonb_build_array(status, provider_reference, amount_minor, method, is_imported,
         order_id) from payments where external_id = '4'`,
    )
    assert.equal(payment, ['PENDING', 'REF-4', 52_500, 'NETBANKING', true, idOf('orders', 4)])
  })

  it('keeps the status of an event until its first sale', async () => {
    const { catalog, seating } = owners.databases
    const id = idOf('events', 2)
    const status = async () => (await snapshotsOf(catalog, [id]))[0]?.status
    assert.is(await status(), 'SOLD_OUT')
    const [noted] = await noteAvailability(seating, [id])
    assert.ok(noted)
    const { availability_version: version, total } = noted
    await keepAvailability(catalog, { eventId: id, version, total }, noted.is_sold_out, true)
    // It lies in the past as it came.
    assert.is(await status(), 'COMPLETED')
    assert.is((await snapshotsOf(catalog, [idOf('events', 10)]))[0]?.status, 'COMPLETED')
    assert.is((await snapshotsOf(catalog, [idOf('events', 1)]))[0]?.status, 'ON_SALE')
  })

  it('is known to all who need it', async () => {
    const tables = { catalog: 'events', seating: 'events', orders: 'events', tickets: 'events' }
    const counts = await Promise.all(
      Object.entries(tables).map(([name, table]) =>
        installation.look(name as keyof typeof tables, `select count(*)::int from ${table}`),
      ),
    )
    assert.equal(counts, [7, 7, 7, 7])
    const generated = await installation.look(
      'catalog',
      `select array_agg(seats_generated order by external_id::int) from events`,
    )
    assert.equal(generated, [7, 2, 1, 1, 2, 1, 0])
  })
})

describe('dates of events', (it) => {
  it('move by whole weeks, so that the earliest on sale lies one to two weeks ahead', async () => {
    const { shiftOf, shifted } = await import('../shift.ts')
    const { judgeRows } = await import('../judge/verdicts.ts')
    const { readFolder } = await import('../csv.ts')
    const sources = await readFolder(dirty)
    const events = judgeRows('events', sources.events, new Map())
    for (const now of ['2026-11-20T12:00:00Z', '2026-05-25T17:59:59Z', '2020-01-01T00:00:00Z']) {
      const seconds = shiftOf(events, new Map(), new Date(now))
      assert.is(seconds % (7 * 86_400), 0)
      const days =
        (Date.parse(shifted('2026-06-01T18:00:00Z', seconds)) - Date.parse(now)) / 86_400_000
      assert.ok(days >= 7 && days < 14, `${days} days ahead of ${now}`)
    }
    assert.is(shiftOf(events, new Map(), null), 0)
    assert.is(shiftOf(events, new Map([['there', 604_800]]), new Date()), 604_800)
  })
})
