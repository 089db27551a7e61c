import * as assert from 'uvu/assert'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

describe('a hot event through the gateway', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket()))
  it.after(() => market.close())

  type Person = Awaited<ReturnType<Market['person']>>

  async function openHotSale(settings: object) {
    const sale = await market.openSale(10)
    const path = `/v1/waiting-room/${sale.eventId}`
    await until(
      'the waiting room has heard of the event',
      async () => (await sale.organizer.ask('PUT', path, settings)).status === 200,
      60_000,
    )
    // What a gateway knows of hot events may be a second old.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    return { ...sale, path }
  }
  const admitted = async (person: Person, path: string): Promise<string> => {
    let token = ''
    await until(
      'his turn',
      async () => {
        const { body } = await person.ask('GET', path)
        token = body?.admission?.token ?? ''
        return token !== ''
      },
      60_000,
    )
    return token
  }

  it('lets one in and tells the other his place; then the other, and each buys with his own token', async () => {
    const { eventId, path, seatIds, organizer } = await openHotSale({
      admissionsPerMinute: 60_000,
      admittedMax: 1,
    })
    const [first, second] = [await market.person(), await market.person()]
    const wish = (seat: number) => ({ eventId, seatIds: [seatIds[seat]], ...card('tok_ok') })
    const early = await first.order(wish(0))
    assert.equal([early.status, early.body.code], [403, 'admission-required'])
    assert.is((await first.ask('POST', early.body.join)).body.state, 'WAITING')
    assert.is((await second.ask('POST', early.body.join)).status, 200)

    const token = await admitted(first, path)
    const place = (await second.ask('GET', path)).body
    assert.equal(
      [place.state, place.position, place.before, place.admission],
      ['WAITING', 1, 0, null],
    )
    const borrowed = await second.ask(
      'POST',
      '/v1/seats/reserve',
      { eventId, seatIds: [seatIds[1]] },
      { 'admission-token': token },
    )
    assert.equal([borrowed.status, borrowed.body.code], [403, 'admission-invalid'])

    const held = await first.ask(
      'POST',
      '/v1/seats/reserve',
      { eventId, seatIds: [seatIds[0]] },
      { 'admission-token': token },
    )
    assert.is(held.status, 201, held.text)
    const { holdId } = held.body
    // Somebody else's hold opens nothing: it is not his.
    const stolen = await second.order({ eventId, holdId, ...card('tok_ok') })
    assert.equal([stolen.status, stolen.body.code], [409, 'hold-lost'])
    const bought = await first.order({ eventId, holdId, ...card('tok_ok') })
    assert.is(bought.status, 201, bought.text)
    assert.is((await first.ask('GET', path)).body.state, 'SHOPPING')

    await organizer.ask('PUT', path, { admissionsPerMinute: 60_000, admittedMax: 2 })
    const own = await admitted(second, path)
    const key = newId()
    const order = () =>
      second.ask('POST', '/v1/orders', wish(1), {
        'idempotency-key': key,
        'admission-token': own,
      })
    const [one, again] = [await order(), await order()]
    assert.equal([one.status, again.status, again.body.id], [201, 201, one.body.id])
    const counts = (await organizer.ask('GET', path)).body.counts
    assert.equal([counts.joined, counts.called, counts.waiting], [2, 2, 0])
  })

  it('lets everybody buy once its organizer says so, and sells another event as ever meanwhile', async () => {
    const { eventId, path, seatIds, organizer } = await openHotSale({ admissionsPerMinute: 0 })
    const other = await market.openSale(2)
    const buyer = await market.person()
    const order = (id: string, seatId: string | undefined) =>
      buyer.order({ eventId: id, seatIds: [seatId], ...card('tok_ok') })
    assert.is((await order(eventId, seatIds[0])).body.code, 'admission-required')
    assert.is((await order(other.eventId, other.seatIds[0])).status, 201)
    const opened = await organizer.ask('PUT', path, { everybody: true })
    assert.is(opened.status, 200, opened.text)
    await until('it is open', async () => (await order(eventId, seatIds[0])).status === 201)
    assert.is((await buyer.ask('GET', path)).body.state, 'OPEN')
  })
})
