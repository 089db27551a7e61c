import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, type Market } from './market.ts'

describe('a herd at the gateway', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket({ isWarm: true })))
  it.after(() => market.close())

  async function rush(buyers: number, wish: (buyer: number) => object) {
    const people = await Promise.all(Array.from({ length: buyers }, () => market.person()))
    const answers = await Promise.all(people.map((person, i) => person.order(wish(i))))
    const counts = Map.groupBy(answers, ({ status }) => status)
    return { answers, count: (status: number) => counts.get(status)?.length ?? 0 }
  }

  it('fifty seats, two hundred buyers who name one each: fifty win, the others are told, no 5xx', async () => {
    const { eventId, seatIds } = await market.openSale(10, 5)
    const { count } = await rush(200, (i) => ({
      eventId,
      seatIds: [seatIds[i % 50]],
      ...card('tok_ok'),
    }))
    assert.equal([count(201), count(409)], [50, 150])
    const [row] = await market.sql(
      'seating',
      'select count(*)::int as sold from allocations where event_id = $1',
      [eventId],
    )
    assert.is(row.sold, 50)
  })

  it('fifty seats, two hundred buyers who take the best there is: fifty win', async () => {
    const { eventId } = await market.openSale(10, 5)
    const { count } = await rush(200, () => ({ eventId, quantity: 1, ...card('tok_ok') }))
    assert.equal([count(201), count(409)], [50, 150])
  })

  it('the twin: reading that a seat is free and then selling it, without guard or key, sells it many times', async () => {
    const { eventId, seatIds } = await market.openSale(1)
    await market.sql('seating', 'create table if not exists unguarded (seat_id uuid, buyer int)')
    const sold = await Promise.all(
      Array.from({ length: 30 }, async (_, buyer) => {
        const [seat] = await market.sql('seating', 'select status from seats where id = $1', [
          seatIds[0],
        ])
        if (seat.status !== 'AVAILABLE') return 0
        await market.sql('seating', 'insert into unguarded values ($1, $2)', [seatIds[0], buyer])
        return 1
      }),
    )
    assert.ok(sold.filter(Boolean).length > 1, eventId)
  })
})
