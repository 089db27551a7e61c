import { execFile } from 'node:child_process'
import { appendFile, copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type pg from 'pg'
import * as assert from 'uvu/assert'
import { inDatabase, withClient } from '../../compose/local/databases.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { checkInvariants, createTokenMemory, type Report } from '../../scripts/invariants/check.ts'
import { writeRunFile } from '../../scripts/run-file.ts'
import { invariants, type Title } from '../../scripts/invariants/titles.ts'
import { card, openMarket, type Market } from './market.ts'
import { orderPlants } from './planted/orders.ts'
import { otherPlants, paymentPlants } from './planted/others.ts'
import { other, type Plant, type Scene } from './planted/plant.ts'
import { seatingPlants } from './planted/seating.ts'

describe('the invariants of a running system', (it) => {
  let market: Market
  let scene: Scene
  const seen = new Set<Title>()
  it.before(async () => (market = await openMarket({ isWarm: true })))
  it.after(() => market.close())

  const ledger = () => join(market.folder, 'bank', 'ledger.jsonl')
  const look = (moment: 'any' | 'quiet', graceMs: number, more = {}) =>
    checkInvariants(
      { databaseUrl: market.observerUrl, ledger: ledger(), redisUrl: market.redisUrl },
      { moment, graceMs, ...more },
    )
  const named = (report: Report, title: Title, id: string) =>
    report.violations.some((one) => one.title === title && JSON.stringify(one.facts).includes(id))

  const asOwner = <Result>(name: FunctionName, work: (client: pg.Client) => Promise<Result>) =>
    withClient(inDatabase(market.adminUrl, name), async (client) => {
      await client.query(`set search_path = "${name}"; set session_replication_role = replica`)
      return work(client)
    })

  async function violated(title: Title, id: string, moment: 'any' | 'quiet' = 'quiet') {
    const report = await look(moment, 0)
    assert.equal(report.unread, [])
    assert.ok(named(report, title, id), `${title} ${id}: ${JSON.stringify(report.violations)}`)
    seen.add(title)
  }

  it('are all true after purchases, refunds, cancellations and refusals', async () => {
    const { eventId, seatIds } = await market.openSale(10, 2)
    const buyer = await market.person()
    const buy = (seats: string[], token = 'tok_ok') =>
      buyer.order({ eventId, seatIds: seats, ...card(token) })
    const answers = await Promise.all([
      buy(seatIds.slice(0, 2)),
      buy(seatIds.slice(2, 5)),
      buy(seatIds.slice(5, 6)),
      buy(seatIds.slice(6, 7), 'tok_declined'),
      buyer.order({ eventId, seatIds: seatIds.slice(7, 8) }),
    ])
    assert.equal(
      answers.map(({ status }) => status),
      [201, 201, 201, 402, 201],
    )
    const [refunded, partial, confirmed] = answers.map(({ body }) => body.id)
    assert.is((await buy(seatIds.slice(7, 9))).status, 409)
    const cancelled = (await buyer.order({ eventId, seatIds: seatIds.slice(9, 10) })).body.id
    const some = { seatIds: seatIds.slice(2, 3) }
    for (const [path, body] of [
      [`${cancelled}/cancel`, undefined],
      [`${refunded}/cancel`, undefined],
      [`${partial}/refunds`, some],
    ] as const)
      assert.is((await buyer.ask('POST', `/v1/orders/${path}`, body)).status, 200)
    const seats = seatIds.slice(5, 6)
    scene = { eventId, freeSeat: seatIds[15] ?? '', confirmed, seats, partial, refunded, cancelled }

    const report = await look('quiet', 60_000)
    assert.equal([report.violations, report.unread], [[], []])
    assert.equal(
      report.checks.filter(({ invariant }) => invariant === 'I4').map(({ rows }) => rows),
      [6],
    )
    // What follows is written by hand: nobody may put it right.
    await market.emulator.stop()
  })

  async function planted(plant: Plant) {
    await asOwner(plant.in, async (client) => {
      for (const table of plant.tables)
        await client.query(`create table kept_${table} as table ${table}`)
      if (plant.first) await client.query(plant.first)
      const [sql, ...values] = plant.sql(scene)
      const { rowCount } = await client.query(sql, values)
      assert.ok(rowCount, 'the plant changed nothing')
    })
    const isDone = await violated(plant.title, plant.names(scene)).then(
      () => undefined,
      (err: unknown) => err,
    )
    await asOwner(plant.in, async (client) => {
      for (const table of plant.tables) {
        await client.query(`delete from ${table}`)
        await client.query(`insert into ${table} select * from kept_${table}`)
        await client.query(`drop table kept_${table}`)
      }
      if (plant.afterwards) await client.query(plant.afterwards)
    })
    if (isDone) throw isDone
  }

  for (const plant of [...seatingPlants, ...orderPlants, ...paymentPlants, ...otherPlants])
    it(`says that ${plant.title} (${plant.in})`, () => planted(plant))

  /** Adds to the ledger what the bank never wrote; the last line is one that is being written. */
  async function forged(title: Title, id: string, ...entries: object[]) {
    await copyFile(ledger(), `${ledger()}.kept`)
    const lines = entries.map((entry) => JSON.stringify({ seq: 0, id: other, at: '', ...entry }))
    await appendFile(ledger(), `${lines.join('\n')}\n{"seq":9,"type":"charge.cre`)
    await violated(title, id).finally(() => rename(`${ledger()}.kept`, ledger()))
  }
  const charge = (key: string) => ({
    type: 'charge.created',
    charge: { key, id: 'ch_forged', status: 'succeeded', amountMinor: 1, currency: 'INR' },
  })
  const refund = { chargeId: 'ch_forged', amountMinor: 2 }

  it('compares with the ledger: charged twice, under a key that is no order, given back more than came', async () => {
    await forged(
      'an order was charged more than once',
      scene.confirmed,
      charge(`${scene.confirmed}:2`),
    )
    await forged('a charge belongs to no order', 'not an order', charge('not an order'))
    const more = { type: 'refund.created', refund }
    await forged('more went back than came', scene.cancelled, charge(scene.cancelled), more)
  })

  it('looks at the keys of seats in Redis', async () => {
    const redis = new Redis(market.redisUrl)
    const key = `seat:{${scene.eventId}}:${scene.freeSeat}`
    await redis.set(key, other, 'PX', 9000)
    assert.equal((await look('quiet', 0)).violations, [], 'a hold is being placed')
    await redis.set(key, other, 'PX', 60_000)
    await violated('a Redis key blocks a seat that nobody holds', scene.freeSeat)
    await redis.set(key, other)
    await violated('a Redis key of a seat never ends, or too late', scene.freeSeat)
    await redis.del(key)
    await redis.quit()
  })

  it('remembers the tokens of seats from look to look', async () => {
    const change = (sets: string) =>
      asOwner('seating', (client) =>
        client.query(`update seats set ${sets} where id = $1`, [scene.freeSeat]),
      )
    const tokens = createTokenMemory()
    const next = async (sets: string) => {
      await change(sets)
      return look('any', 0, { tokens })
    }
    assert.equal((await next('version = 7')).violations, [])
    assert.equal((await next('version = 8, changed_at = now()')).violations, [])
    for (const [sets, title] of [
      ['version = 6', 'the token of a seat went back'],
      [`status = 'HELD', hold_id = id, held_until = now()`, 'a seat changed hands under one token'],
    ] as const) {
      assert.ok(named(await next(sets), title, scene.freeSeat), title)
      seen.add(title)
    }
    await change(`status = 'AVAILABLE', hold_id = null, held_until = null`)
  })

  it('sees an advisory lock that is held', () =>
    asOwner('orders', async (client) => {
      await client.query('select pg_advisory_lock(4711)')
      await violated('an advisory lock is held', '4711')
    }))

  it('has a plant for each violation that it can name', () => {
    const all = Object.values(invariants).flatMap(({ violations }): Title[] => [...violations])
    assert.equal(
      all.filter((title) => !seen.has(title)),
      [],
    )
  })

  it('is clean again once everything is put back', async () => {
    assert.equal((await look('quiet', 0)).violations, [])
  })

  it('lets work that is on its way end, and counts imported history apart', async () => {
    await asOwner('orders', async (client) => {
      const { rows } = await client.query(
        'insert into outbox_unsent (id) select id from outbox limit 1 returning id',
      )
      setTimeout(
        () => void client.query('delete from outbox_unsent where id = $1', [rows[0].id]),
        300,
      )
      assert.equal((await look('quiet', 20_000)).violations, [])
      await client.query(
        'update orders set is_imported = true, total_minor = 1, due_at = null where id = $1',
        [scene.confirmed],
      )
      const { checks, violations } = await look('quiet', 0)
      assert.equal(violations, [])
      const money = checks.find(({ invariant }) => invariant === 'I4')
      assert.equal([money?.rows, money?.imported], [5, 1])
    })
  })

  /** `npm run invariants`: its exit code and what it printed. */
  const run = (...options: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const args = ['scripts/invariants.ts', '--data', market.folder, '--grace', '0', ...options]
      execFile(process.execPath, args, (err, out, errors) =>
        resolve({ code: Number(err?.code ?? 0), out: out + errors }),
      )
    })

  it('is a command: 0 where all is true, 1 where something is not, 2 where it could not look', async () => {
    const stopped = await run()
    assert.is(stopped.code, 2)
    assert.match(stopped.out, /nothing runs from .*: start it, or name another place/)
    writeRunFile(market.folder, market)
    const whole = await run()
    assert.is(whole.code, 0, whole.out)
    assert.match(whole.out, /ok {3}I1 {2}No seat is sold twice \(3, \d+ ms\)/)
    assert.match(whole.out, /skip I14/)
    const change = (sign: string) =>
      asOwner('seating', (client) =>
        client.query(`update events set seats_total = seats_total ${sign} 1`),
      )
    await change('+')
    const broken = await run('--json')
    await change('-')
    assert.is(broken.code, 1)
    assert.is(JSON.parse(broken.out).violations[0].facts.event_id, scene.eventId)
    const blind = await run('--ledger', 'http://127.0.0.1:9')
    assert.is(blind.code, 2, blind.out)
    assert.match(blind.out, /\? {4}I5 {2}the ledger http:\/\/127.0.0.1:9/)
  })

  it('says what it could not read, and calls nothing true that it did not see', async () => {
    const places = { databaseUrl: market.observerUrl, ledger: '/nowhere/ledger.jsonl' }
    const { unread, violations } = await checkInvariants(places, { moment: 'quiet', graceMs: 0 })
    assert.equal(unread.map(({ invariant }) => invariant).toSorted(), ['I13', 'I4', 'I5', 'I6'])
    assert.match(unread[0]?.why ?? '', /ledger \/nowhere/)
    assert.equal(violations, [])
  })
})
