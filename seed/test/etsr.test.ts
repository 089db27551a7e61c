import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { listEvents } from '../../functions/catalog/store/search.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { readFolder } from '../csv.ts'
import { exportFolder } from '../export.ts'
import { fileOf, names } from '../form.ts'
import { importFolder } from '../import.ts'
import { openOwners } from '../owners.ts'
import type { Report } from '../report.ts'
import { dumpOf, openInstallation, type InstallationUnderTest } from './support.ts'

const folder = join(import.meta.dirname, '../../../shared/data/etsr')

if (existsSync(folder)) testEtsr()
else
  describe('the real set', (it) => {
    it('is not here: nothing of it is tested', () => {
      console.log(`skipped: there is no ${folder}`)
    })
  })

function testEtsr() {
  describe('the real set', (it) => {
    let installation: InstallationUnderTest
    let report: Report
    it.before(async () => {
      installation = await openInstallation()
      report = await importFolder({ ...installation, folder, shiftDates: true })
    })
    it.after(() => installation.close())

    it('is imported without losing a row', () => {
      const counts = names.map((name) => report.files[name])
      assert.equal(
        counts.map(({ rows }) => rows),
        [80, 15, 60, 7301, 400, 995, 400],
      )
      for (const { rows, imported, flagged, rejected } of counts)
        assert.is(imported + flagged + rejected, rows)
      assert.equal(
        counts.map(({ rejected }) => rejected),
        [0, 0, 0, 0, 0, 0, 0],
      )
    })

    it('is flagged for all that is known to be odd about it', () => {
      const { events, seats, orders, tickets } = report.files
      assert.equal(events.flags, { 'sold-out-not-full': 11 })
      // 66 positions occur more than once, one of them three times
      assert.equal(seats.flags, { 'amount-rounded': 260, 'duplicate-position': 67 })
      assert.equal(orders.flags, {
        'after-event': 194,
        'before-sale': 137,
        'before-user': 202,
        'confirmed-without-payment': 8,
        'event-cancelled': 88,
        'never-finished': 15,
        'paid-not-confirmed': 128,
        'total-differs': 10,
      })
      assert.equal(tickets.flags, {
        'amount-rounded': 49,
        'order-not-confirmed': 361,
        'seat-sold-before': 5,
      })
    })

    it('has no seat, and no position, with two live tickets', async () => {
      const live = `status = 'ACTIVE'`
      const { look } = installation
      assert.is(await look('tickets', `select count(*)::int from tickets where ${live}`), 292)
      assert.is(
        await look('tickets', `select count(distinct seat_id)::int from tickets where ${live}`),
        292,
      )
      const sold = await look(
        'seating',
        `select count(distinct (event_id, section, "row", number))::int from seats where status = 'SOLD'`,
      )
      assert.is(sold, 292)
      assert.is(
        await look('seating', 'select count(*)::int from allocations where is_imported'),
        292,
      )
      assert.is(
        await look('seating', `select count(*)::int from seats where status = 'BLOCKED'`),
        67,
      )
    })

    it('is found by city and status exactly as its files join', async () => {
      const { events, venues } = await readFolder(folder)
      const inPune = new Set(
        venues.filter(({ row }) => row?.city === 'Pune').map(({ row }) => row?.venue_id),
      )
      const expected = events
        .filter(({ row }) => inPune.has(row?.venue_id) && row?.status === 'ON_SALE')
        .map(({ row }) => row?.event_id)
      const owners = openOwners(installation)
      const { rows, total } = await listEvents(owners.databases.catalog, {
        city: 'Pune',
        status: 'ON_SALE',
        words: [],
        withDrafts: false,
        sort: 'startsAt',
        page: 1,
        size: 100,
      }).finally(() => owners.close())
      assert.ok(total > 0)
      assert.equal(new Set(rows.map((row) => row.external_id ?? '')), new Set(expected))
    })

    it('changes nothing when it is imported again', async () => {
      const dump = await dumpOf(installation)
      assert.equal(await importFolder({ ...installation, folder, shiftDates: true }), report)
      assert.equal(await dumpOf(installation), dump)
    })

    it('is exported byte for byte', async () => {
      const to = join(installation.folder, 'exported')
      await exportFolder({ ...installation, folder: to })
      for (const name of names)
        assert.ok(
          readFileSync(join(to, fileOf(name))).equals(readFileSync(join(folder, fileOf(name)))),
          `${fileOf(name)} differs`,
        )
    })
  })
}
