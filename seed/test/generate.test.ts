import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { inDatabase, withClient } from '../../compose/local/databases.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { endTesting, testServices } from '../../functions/_runtime/testing/services.ts'
import { csvOf, readFolder } from '../csv.ts'
import { form, names, type Name, type Row } from '../form.ts'
import { committedSeed, filesOf, generate } from '../generate.ts'
import { brokenRules } from './rules.ts'

const data = join(import.meta.dirname, '../data')

describe('the data set of our own', (it) => {
  it.after(() => endTesting())

  const committed = async () => {
    const sources = await readFolder(data)
    return Object.fromEntries(
      names.map((name) => [name, sources[name].map(({ row }) => row ?? {})]),
    ) as Record<Name, Row[]>
  }

  it('is what the generator makes of its seed, byte for byte', () => {
    const files = filesOf(generate(committedSeed))
    assert.equal(readdirSync(data).toSorted(), Object.keys(files).toSorted())
    for (const [file, text] of Object.entries(files))
      assert.ok(readFileSync(join(data, file), 'utf8') === text, `${file} is not what is generated`)
  })

  it('is another one for another seed, and keeps the rules there too', () => {
    for (const seed of [1, 2, 3]) {
      const rows = generate(seed)
      assert.not.equal(csvOf('users', rows.users), csvOf('users', generate(seed + 1).users))
      assert.equal(brokenRules(rows), [])
    }
  })

  it('has as many of everything as was agreed', async () => {
    const rows = await committed()
    const { users, venues, events, orders, payments } = rows
    assert.equal(
      [users, venues, events, orders, payments].map(({ length }) => length),
      [80, 15, 60, 400, 400],
    )
    for (const own of Map.groupBy(rows.seats, ({ event_id }) => event_id).values())
      assert.ok(own.length >= 50 && own.length <= 200)
    for (const own of Map.groupBy(rows.tickets, ({ order_id }) => order_id).values())
      assert.ok(own.length >= 1 && own.length <= 4)
    const statuses = new Set(events.map(({ status }) => status))
    assert.equal(statuses, new Set(['ON_SALE', 'SCHEDULED', 'SOLD_OUT', 'CANCELLED']))
  })

  it('keeps every rule', async () => {
    assert.equal(brokenRules(await committed()), [])
  })

  it('is checked by rules that see what breaks them', async () => {
    const rows = await committed()
    const [first, second] = rows.seats
    const changed = (name: Name, change: Row): Record<Name, Row[]> => ({
      ...rows,
      [name]: rows[name].map((row, i) => (i === 1 ? { ...row, ...change } : row)),
    })
    const breaks = (name: Name, change: Row) => brokenRules(changed(name, change))
    assert.equal(
      breaks('seats', { row: first?.row ?? '', seat_number: first?.seat_number ?? '' }),
      ['a position has one seat'],
    )
    assert.ok(second && breaks('tickets', { seat_id: rows.tickets[0]?.seat_id ?? '' }).length > 0)
    assert.equal(breaks('venues', { capacity: '10' }), ['a venue holds the seats of its events'])
    assert.equal(breaks('payments', { amount: '1.0' }), ['a payment is of the total of its order'])
    assert.equal(breaks('orders', { created_at: '2024-01-01 00:00:00' }), [
      'an order is later than its user',
    ])
    assert.equal(breaks('orders', { created_at: '2028-01-01 00:00:00' }), [
      'a payment comes after its order',
      'an order is earlier than its event',
    ])
    assert.equal(breaks('users', { phone: rows.users[0]?.phone ?? '' }), [
      'a phone number has one user',
    ])
    assert.ok(breaks('orders', { status: 'CANCELLED' }).includes('confirmed is what was paid'))
    assert.ok(breaks('orders', { order_total: '1.0' }).includes('a total is its tickets and tax'))
  })

  it('loads as SQL into an empty database, whose keys and checks it keeps', async () => {
    const { adminUrl } = await testServices()
    const name = `etsr_${process.pid}`
    const sql = readFileSync(join(data, 'etsr.sql'), 'utf8')
    await withClient(adminUrl, (admin) => admin.query(`create database ${name}`))
    try {
      await withClient(inDatabase(adminUrl, name), async (client) => {
        await client.query(sql)
        const rows = await committed()
        for (const table of names) {
          const columns = form[table].map((column) => `"${column}"::text`).join(" || ',' || ")
          const { rows: found } = await client.query<{ line: string }>(
            `select ${columns} as line from etsr_${table} order by "${form[table][0]}"`,
          )
          assert.is(found.length, rows[table].length)
          const [last] = found.slice(-1)
          assert.is(last?.line.split(',')[0], rows[table].at(-1)?.[form[table][0]])
        }
        const again = (text: string) =>
          client.query(text).then(
            () => 'taken',
            (err: { code: string }) => err.code,
          )
        assert.is(
          await again(`update etsr_tickets set seat_id = 1 + seat_id where ticket_id = 1`),
          '23505',
        )
        assert.is(
          await again(`update etsr_orders set status = 'CREATED' where order_id = 1`),
          '23514',
        )
        assert.is(await again(`update etsr_payments set amount = 1 where payment_id = 1`), '23503')
      })
    } finally {
      await withClient(adminUrl, (admin) => admin.query(`drop database ${name} with (force)`))
    }
  })
})
