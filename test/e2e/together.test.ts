import { once } from 'node:events'
import { request } from 'node:http'
import * as assert from 'uvu/assert'
import { ask } from '../../compose/emulator/test/support.ts'
import { databaseOwners } from '../../contracts/functions.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

describe('functions in one process', (it) => {
  let market: Market
  let sale: Awaited<ReturnType<Market['openSale']>>
  it.before(async () => {
    market = await openMarket({
      isTogether: true,
      settings: (name): Record<string, string> =>
        name === 'gateway' ? { RATE_LIMITS: 'credentials.address=5/60' } : {},
    })
    sale = await market.openSale()
  })
  it.after(() => market.close())

  const buy = async (place: number, token = 'tok_ok') => {
    const buyer = await market.person()
    const wish = { eventId: sale.eventId, seatIds: [sale.seatIds[place]], ...card(token) }
    return { buyer, wish, answer: await buyer.order(wish) }
  }

  it('share it, all that own a database, and leave the gateway its own', () => {
    const pids = new Set(databaseOwners.flatMap((name) => market.pidsOf(name)))
    assert.is(pids.size, 1)
    const [gateway] = market.pidsOf('gateway')
    assert.ok(gateway !== undefined && !pids.has(gateway))
  })

  it('sell a seat and issue its ticket', async () => {
    const { buyer, answer } = await buy(0)
    assert.equal([answer.status, answer.body.status], [201, 'CONFIRMED'])
    await until('the ticket', async () => (await buyer.ask('GET', '/v1/tickets')).body.total === 1)
    assert.equal(await market.ledgerOf(answer.body.id), { taken: 52_500, back: 0 })
  })

  it('take and tell events many at a time', async () => {
    const bought = await Promise.all([4, 5, 6, 7, 8, 9].map((place) => buy(place)))
    for (const { buyer, answer } of bought) {
      assert.is(answer.status, 201)
      await until('tickets', async () => (await buyer.ask('GET', '/v1/tickets')).body.total === 1)
    }
    const ping = { specversion: '1.0', source: '/test', type: 'dev.knative.sources.ping', data: {} }
    const { status, body } = await ask(market.url, 'tickets.boxoffice.svc.cluster.local', '/', {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify([{ ...ping, id: '1' }, 'none', { ...ping, id: '2' }]),
    })
    assert.is(status, 200)
    assert.equal(
      body.map((one: { status: number }) => one.status),
      [204, 400, 204],
    )
  })

  it('refuse each other as they would over a wire', async () => {
    const taken = await buy(0)
    assert.equal([taken.answer.status, taken.answer.body.code], [409, 'seat-taken'])
    const declined = await buy(1, 'tok_declined')
    assert.equal([declined.answer.status, declined.answer.body.code], [402, 'payment-declined'])
  })

  it('are met by the gateway itself, and what has another name by the ingress', async () => {
    const status = await ask(market.url, 'emulator.localhost')
    assert.equal(Object.keys(status.body.functions).length, databaseOwners.length + 1)
    assert.is((await ask(market.url, 'mail.localhost')).status, 200)
    assert.equal((await ask(market.url, 'orders.localhost', '/health')).body, { status: 'ok' })
    const nowhere = await ask(market.url, 'nowhere.example')
    assert.equal([nowhere.status, nowhere.body.code], [404, 'not-found'])
    assert.is((await ask(market.url, 'localhost', '/v1/venues')).status, 200)
  })

  it('let go on who asks before he sends a body, whoever it is for', async () => {
    for (const host of ['orders.localhost', '127.0.0.1']) {
      const headers = { host, expect: '100-continue', 'content-length': 2 }
      const asked = request(market.url, { method: 'POST', path: '/v1/auth/logout', headers })
      asked.flushHeaders()
      const [status] = await Promise.race([
        once(asked, 'continue').then(() => [100]),
        once(asked, 'response').then(([{ statusCode }]) => [statusCode]),
      ])
      assert.is(status, 100, host)
      asked.destroy()
    }
  })

  it('believe nobody who says that he comes from somewhere else', async () => {
    const body = JSON.stringify({ email: 'nobody@example.org', password: 'wrong and long enough' })
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': `10.0.0.${i}` }
      const { status } = await ask(market.url, '127.0.0.1', '/v1/auth/login', {
        method: 'POST',
        headers,
        body,
      })
      statuses.push(status)
    }
    assert.equal(statuses, [401, 401, 401, 401, 401, 429])
  })

  it('let clients in again after kill -9 of the gateway', async () => {
    const [pid] = market.pidsOf('gateway')
    process.kill(pid as number, 'SIGKILL')
    await until('a venue is asked for', async () => {
      const { status } = await ask(market.url, 'localhost', '/v1/venues').catch(() => ({
        status: 0,
      }))
      return status === 200
    })
    assert.is.not(market.pidsOf('gateway')[0], pid)
  })

  it('are there again after kill -9, and the order comes to its end', async () => {
    const buyer = await market.person()
    const key = newId()
    const wish = { eventId: sale.eventId, seatIds: [sale.seatIds[2]], ...card('tok_slow') }
    const first = buyer.order(wish, key)
    await until(
      'the order is written',
      async () =>
        (await market.sql('orders', `select 1 from orders where buyer_id = $1`, [buyer.id]))
          .length === 1,
    )
    const [pid] = market.pidsOf('orders')
    process.kill(pid as number, 'SIGKILL')
    assert.is.not((await first).status, 201)
    await until(
      'the order is confirmed',
      async () => {
        const { body } = await buyer.ask('GET', '/v1/orders')
        return body?.items?.[0]?.status === 'CONFIRMED'
      },
      60_000,
    )
    assert.is.not(market.pidsOf('orders')[0], pid)
    const again = await buyer.order(wish, key)
    assert.is(again.status, 201)
    assert.equal(await market.ledgerOf(again.body.id), { taken: 52_500, back: 0 })
  })
})
