import { spawn } from 'node:child_process'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { endTesting } from '../../functions/_runtime/testing/services.ts'
import { idOf } from '../ids.ts'
import { importFolder } from '../import.ts'
import {
  dirty,
  dumpOf,
  essenceOf,
  openInstallation,
  type InstallationUnderTest,
} from './support.ts'

const own = join(import.meta.dirname, '../data')
const program = join(import.meta.dirname, 'programs/import.ts')
const now = '2026-11-20T12:00:00.000Z'

describe('importing again', (it) => {
  it.after(() => endTesting())

  const using = (work: (installation: InstallationUnderTest) => Promise<void>) => async () => {
    const installation = await openInstallation()
    try {
      await work(installation)
    } finally {
      installation.clean()
    }
  }

  it(
    'changes nothing and reports the same, whatever day it is',
    using(async (installation) => {
      const options = { ...installation, folder: dirty, shiftDates: true }
      const first = await importFolder(options)
      const dump = await dumpOf(installation)
      const nextYear = new Date(Date.now() + 365 * 86_400_000)
      assert.equal(await importFolder({ ...options, now: () => nextYear }), first)
      assert.equal(await dumpOf(installation), dump)
    }),
  )

  it(
    'ends in the same as one that was never killed, wherever it was killed',
    using(async (installation) => {
      const killed = await openInstallation()
      const options = { folder: own, shiftDates: true, now }
      const points = ['users', 'contacts', 'venues', 'events', 'parts of the seats', 'orders']
      for (const point of [...points, 'tickets', 'payments']) {
        const signal = await runUntil(point, { ...options, ...pick(killed) })
        assert.is(signal, 'SIGKILL', `it was not killed after ${point}`)
      }
      const given = { folder: own, shiftDates: true, now: () => new Date(now) }
      const [report, wholeReport] = [
        await importFolder({ ...killed, ...given }),
        await importFolder({ ...installation, ...given }),
      ]
      assert.equal(report, wholeReport)
      // Our own set keeps every rule: nothing of it is odd.
      for (const { rows, imported } of Object.values(wholeReport.files)) assert.is(imported, rows)
      const [pieced, whole] = [await essenceOf(killed), await essenceOf(installation)]
      for (const [table, rows] of Object.entries(whole)) assert.equal(pieced[table], rows, table)
      killed.clean()
    }),
  )

  it(
    'refuses another row under a number that is there, and touches nothing because of it',
    using(async (installation) => {
      await importFolder({ ...installation, folder: dirty })
      const dump = await dumpOf(installation)
      const { folder, write } = installation.copyOf(dirty)
      write('orders', (text) => text.replace('1,1,1,CONFIRMED', '1,2,1,CONFIRMED'))
      const { files } = await importFolder({ ...installation, folder })
      assert.is(files.orders.reasons['number-taken'], 1)
      assert.is(files.tickets.rejected, 6)
      assert.equal(await dumpOf(installation), dump)
    }),
  )

  it(
    'takes what came to a set: it joins what is there and takes nothing from it',
    using(async (installation) => {
      const { folder, write } = installation.copyOf(dirty)
      const before = await importFolder({ ...installation, folder, shiftDates: true })
      await installation.look(
        'seating',
        `with sold as (update seats set status = 'SOLD' where id = $1 returning id, event_id)
         insert into allocations (seat_id, event_id, order_id) select id, event_id, id from sold`,
        [idOf('seats', 16)],
      )
      await installation.look(
        'seating',
        `update seats set status = 'HELD', hold_id = id, held_until = now() + interval '1 min'
         where id = $1`,
        [idOf('seats', 9)],
      )
      write('events', (text) => `${text}50,1,Encore,Concert,2026-06-01 20:00:00,500.0,ON_SALE\n`)
      write('seats', (text) => `${text}50,1,A,1,1,500.0\n51,1,A,0,9,500.0\n52,50,A,1,1,500.0\n`)
      const order = '1,CONFIRMED,SUCCESS,525.0,2026-01-01 10:00:00'
      const another = '54,1,5,CONFIRMED,SUCCESS,262.5,2026-01-01 10:00:00'
      write('orders', (text) => `${text}50,1,${order}\n51,1,${order}\n52,1,${order}\n${another}\n`)
      write(
        'tickets',
        // for a seat that another order has, one that was sold here, a new one, and one that a buyer holds
        (text) =>
          `${text}50,50,1,1,500.0\n51,51,1,16,500.0\n52,52,1,51,500.0\n54,54,5,9,250.0\n` +
          // of an order that is there already
          '53,1,1,51,500.0\n',
      )
      write('payments', (text) =>
        [
          text.trimEnd(),
          ...[50, 51, 52].map((i) => `${i},${i},525.0,UPI,SUCCESS,REF-${i},2026-01-01 10:05:00`),
          '',
        ].join('\n'),
      )
      const later = new Date(Date.now() + 365 * 86_400_000)
      const after = await importFolder({
        ...installation,
        folder,
        shiftDates: true,
        now: () => later,
      })

      assert.is(after.shiftSeconds, before.shiftSeconds)
      const shift = await installation.look(
        'catalog',
        'select shift_seconds::int from events where id = $1',
        [idOf('events', 50)],
      )
      assert.is(shift, before.shiftSeconds)
      const statuses = await installation.look(
        'tickets',
        'select array_agg(status order by external_id) from tickets where external_id >= 50',
      )
      assert.equal(statuses, ['CANCELLED', 'CANCELLED', 'ACTIVE', 'CANCELLED'])
      assert.is(after.files.tickets.flags['seat-sold-before'], 5)
      assert.is(after.files.tickets.reasons['order-fixed'], 1)
      const seats = await installation.look(
        'seating',
        `select jsonb_agg(jsonb_build_array(label, status, ordinal) order by ordinal) from seats
         where event_id = $1 and ordinal >= 7`,
        [idOf('events', 1)],
      )
      assert.equal(seats, [
        ['A-0-9', 'SOLD', 7],
        ['A-1-1~2', 'BLOCKED', 8],
      ])
      const totals = [
        await installation.look('seating', `select seats_total from events where id = $1`, [
          idOf('events', 1),
        ]),
        await installation.look('catalog', `select seats_generated from events where id = $1`, [
          idOf('events', 1),
        ]),
      ]
      assert.equal(totals, [9, 9])
    }),
  )

  it(
    'brings nobody back who was erased, and overrules nobody who registered here',
    using(async (installation) => {
      const { folder, write } = installation.copyOf(dirty)
      await importFolder({ ...installation, folder })
      await installation.look(
        'users',
        `update users set name = null, email_sealed = null, email_fingerprint = null, phone_sealed = null,
           imported_sealed = null, roles = '{}', erased_at = now(), version = 2 where id = $1`,
        [idOf('users', 2)],
      )
      await installation.look(
        'notifications',
        'update contacts set sealed = null, version = 2 where user_id = $1',
        [idOf('users', 2)],
      )
      await installation.look(
        'users',
        'update users set id = uuidv7(), external_id = null where id = $1',
        [idOf('users', 12)],
      )
      const dump = await dumpOf(installation)
      write('users', (text) => text.replace('mohan@', 'MOHAN@'))
      const { files } = await importFolder({ ...installation, folder })
      assert.equal(files.users.flags, { 'erased-here': 1 })
      assert.is(files.users.reasons['email-taken'], 2)
      assert.equal(await dumpOf(installation), dump)
    }),
  )
})

const pick = ({ urls, keys, reportsTo }: InstallationUnderTest) => ({ urls, keys, reportsTo })

/** The signal that ended the process. */
function runUntil(point: string, options: object): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    env: { ...process.env, FAILPOINTS: `seed.${point}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)))
}
