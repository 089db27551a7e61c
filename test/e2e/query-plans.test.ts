import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { inDatabase, settingsOf, withClient } from '../../compose/local/databases.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Answer, type Market } from './market.ts'
import { multiply } from './query-plans/multiply.ts'
import { planOf, type PlanMode } from './query-plans/plans.ts'
import { logStatements, statementsIn, type Sent } from './query-plans/statements.ts'

const rows = 100_000

/** What Postgres adds for planning anew each time, about. */
const planningCost = 20

/** Functions that a purchase, a search or a seat map goes through. */
const databases = ['catalog', 'seating', 'orders', 'payments', 'tickets', 'notifications']

/** Tables of which nobody reads much of, however many years go by. */
const staysSmall: Record<string, string> = {
  'notifications.outbox': 'it publishes nothing',
  'notifications.outbox_unsent': 'it publishes nothing',
}

describe('the plans of what a purchase really sends', (it) => {
  let market: Market
  let sent: Sent[] = []
  let young: string[] = []
  let youngTwin: string[] = []

  it.before(async () => {
    market = await openMarket()
    await logStatements(market.adminUrl)
    await everyday(market)
    // What sweeps by itself does so within five seconds.
    await new Promise((resolve) => setTimeout(resolve, 6000))
    await market.emulator.stop()
    sent = statementsIn(join(market.folder, 'postgres', 'postgres.log')).filter(({ database }) =>
      databases.includes(database),
    )
    young = await wholeOf(settingsOf)
    youngTwin = await wholeOf(() => ({}))
    for (const name of databases)
      await withClient(inDatabase(market.adminUrl, name), (client) => multiply(client, name, rows))
  })
  it.after(() => market.close())

  /** The prepared statements of functions that look rows up which would, as tables are now, read one as a whole. */
  async function wholeOf(settings: typeof settingsOf): Promise<string[]> {
    const found: string[] = []
    for (const name of databases.filter((one) => 'enable_seqscan' in settingsOf(one)))
      await withClient(inDatabase(market.adminUrl, name), async (client) => {
        for (const one of sent.filter((each) => each.database === name && each.name !== '')) {
          const plan = await planOf(client, one, 'force_generic_plan', settings(name))
          found.push(...plan.readWhole.map((table) => `${name}.${table}: ${one.name}`))
        }
      })
    return found
  }

  /** What reads a table that grows from end to end; and which tables were not filled, so that nothing is known. */
  async function judge(mode: PlanMode, some: readonly Sent[]) {
    const scans: string[] = []
    const empty = new Set<string>()
    for (const [name, own] of Map.groupBy(some, ({ database }) => database))
      await withClient(inDatabase(market.adminUrl, name), async (client) => {
        const { rows: counted } = await client.query<{ relname: string; count: number }>(
          `select relname, reltuples::int as count from pg_class where relnamespace = $1::regnamespace`,
          [name],
        )
        const countOf = new Map(counted.map(({ relname, count }) => [relname, count]))
        for (const one of own) {
          const settings = settingsOf(name)
          const custom = await planOf(client, one, 'force_custom_plan', settings)
          const plan =
            mode === 'force_custom_plan' ? custom : await planOf(client, one, mode, settings)
          for (const table of plan.used)
            if ((countOf.get(table) ?? 0) < rows * 0.9) empty.add(`${name}.${table}`)
          // A dearer one is never taken, unless the role says so: a limit that is a parameter counts as a tenth of the
          // table.
          const isForced = settings.plan_cache_mode === mode
          if (!isForced && plan.cost > custom.cost * 1.2 + planningCost) continue
          for (const table of plan.readWhole)
            if (!(`${name}.${table}` in staysSmall))
              scans.push(`${name}.${table}: ${one.name || `${one.values.join()} in ${one.text}`}`)
        }
      })
    return { scans, empty: [...empty].filter((table) => !(table in staysSmall)) }
  }

  it('holds, orders, payments, tickets, searches and the outbox are among it', () => {
    const known = new Set(sent.map(({ database, name }) => `${database} ${name}`))
    for (const name of [
      'seating hold-place',
      'seating allocate',
      'seating map-statuses',
      'orders outbox-claim',
    ])
      assert.ok(known.has(name), name)
    assert.ok(sent.some(({ database, name }) => database === 'catalog' && name === ''))
    assert.ok(sent.length > 60, `${sent.length} statements`)
  })

  it('read no table from end to end that grows, planned for their values', async () => {
    assert.equal(await judge('force_custom_plan', sent), { scans: [], empty: [] })
  })

  it('nor planned once for all values, where they are prepared', async () => {
    const prepared = sent.filter(({ name }) => name !== '')
    assert.equal(await judge('force_generic_plan', prepared), { scans: [], empty: [] })
  })

  it('nor planned while the tables were young, and kept since', () => {
    assert.equal(young, [])
  })

  it('the twin: without the settings of their roles most would', () => {
    assert.ok(youngTwin.length > 10, youngTwin.join('\n'))
  })

  it('the twin: a statement without an index does', async () => {
    const text = `select * from seats where number = $1`
    const one = { database: 'seating', name: 'no-index', text, values: [`'1'`] }
    for (const mode of ['force_custom_plan', 'force_generic_plan'] as const)
      assert.equal((await judge(mode, [one])).scans, ['seating.seats: no-index'])
  })
})

/** A day at the box office: everything that people do much of, and what goes wrong now and then. */
async function everyday(market: Market): Promise<void> {
  const { eventId, seatIds, organizer } = await market.openSale(20, 6)
  const account = { email: 'asha@example.com', password: 'correct horse', name: 'Asha Rao' }
  const { body: registered } = await market.ask('POST', '/v1/users', account)
  const buyer = await market.person(['customer'], registered.id)
  const seat = (n: number, count = 1) => seatIds.slice(n, n + count)
  const good = (answer: Answer, ...statuses: number[]) => {
    assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.text}`)
    return answer.body
  }

  for (const query of [
    'q=hamlet',
    'q=hamlet+in+pune',
    'city=Pune&type=Play',
    'status=ON_SALE',
    'page=2',
  ])
    good(await buyer.ask('GET', `/v1/events?${query}`), 200)
  good(await buyer.ask('GET', `/v1/events/${eventId}`), 200)
  for (const path of ['', '/summary', '/map'])
    good(await buyer.ask('GET', `/v1/seats${path}?eventId=${eventId}`), 200)
  good(await buyer.ask('GET', `/v1/seats/${seat(0)[0]}`), 200)

  const reserve = (choice: object) => buyer.ask('POST', '/v1/seats/reserve', { eventId, ...choice })
  const held = good(await reserve({ seatIds: seat(0, 2) }), 201)
  good(await buyer.ask('POST', '/v1/seats/extend', { holdId: held.holdId }), 200)
  good(await buyer.order({ eventId, holdId: held.holdId, ...card('tok_ok') }), 201)
  const other = good(await reserve({ quantity: 3 }), 201)
  good(await buyer.ask('POST', '/v1/seats/release', { holdId: other.holdId }), 204)

  const orders: { id: string }[] = []
  for (const choice of [{ seatIds: seat(40, 2) }, { seats: ['Stalls-D-1'] }, { quantity: 2 }]) {
    const key = crypto.randomUUID()
    orders.push(good(await buyer.order({ eventId, ...choice, ...card('tok_ok') }, key), 201))
    good(await buyer.order({ eventId, ...choice, ...card('tok_ok') }, key), 201)
  }
  const [first = { id: '' }] = orders
  good(await buyer.order({ eventId, seatIds: seat(40), ...card('tok_ok') }), 409)
  good(await buyer.order({ eventId, seatIds: seat(50), ...card('tok_declined') }), 402)
  const waits = await buyer.order({ eventId, seatIds: seat(51), ...card('tok_3ds') })
  const { nextAction } = good(waits, 202).payment
  const approved = await fetch(nextAction.url.replace(/^.*(?=\/3ds)/, market.bankUrl), {
    method: 'POST',
    body: new URLSearchParams({ approve: 'true' }),
  })
  assert.ok(approved.ok, String(approved.status))
  const open = good(await buyer.order({ eventId, seatIds: seat(52) }), 201, 202)
  good(await buyer.ask('POST', `/v1/orders/${open.id}/cancel`), 200, 202)

  await until('the tickets are issued', async () => {
    const { body } = await buyer.ask('GET', '/v1/tickets')
    return body.total === 8
  })
  const { body: tickets } = await buyer.ask('GET', `/v1/tickets?orderId=${first.id}`)
  good(await buyer.ask('GET', `/v1/tickets/${tickets.items[0].id}`), 200)
  good(await buyer.ask('GET', '/v1/orders'), 200)
  good(await buyer.ask('GET', `/v1/orders/${first.id}`), 200)
  good(await buyer.ask('GET', '/v1/notifications'), 200)
  good(await buyer.ask('POST', `/v1/orders/${first.id}/cancel`), 200, 202)
  await until('the money is back', async () => {
    const { body } = await buyer.ask('GET', `/v1/orders/${first.id}`)
    return body.status === 'REFUNDED'
  })
  await until('the mails are sent', async () => {
    const { body } = await buyer.ask('GET', '/v1/notifications')
    return body.items.some((one: { status: string }) => one.status === 'SENT')
  })
  good(await organizer.ask('GET', '/v1/events?mine=true'), 200)
}
