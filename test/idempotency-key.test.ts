import * as assert from 'uvu/assert'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

const refused: Record<string, string> = {
  empty: '',
  'two quotes': '""',
  spaces: '   ',
  'a space within': 'a b',
  'a quote within': 'a"b',
  'a quote that is not closed': '"abc',
  'a list': '"a", "b"',
  parameters: '"a";p=1',
  'no ASCII': 'clé',
  'a tab': 'a\tb',
  '256 characters': 'x'.repeat(256),
  '256 characters in quotes': `"${'x'.repeat(256)}"`,
}
const taken: Record<string, string> = {
  'one character': '1',
  '255 characters': 'x'.repeat(255),
  '255 characters in quotes': `"${'y'.repeat(255)}"`,
  SQL: "'--;select",
  'a path': '../../etc/passwd',
  __proto__: '__proto__',
  'what Redis might take for a pattern': 'a*[?]{b}',
}

describe('an Idempotency-Key', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop()))
  it.after(() => shop.close())

  const orders = (eventId: string) =>
    shop.look('orders', 'select count(*)::int from orders where event_id = $1', [eventId])

  it('that is none is refused with 400, and nothing is held or charged', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const wish = { eventId, seatIds: seatIds.slice(0, 1), ...card('tok_ok') }
    for (const [what, key] of Object.entries(refused)) {
      const { status, body } = await buyer.order(wish, key)
      const code = body.code === 'idempotency-key-missing' ? 'invalid-request' : body.code
      assert.equal([status, code], [400, 'invalid-request'], what)
    }
    assert.is(await orders(eventId), 0)
    assert.is(
      await shop.look('seating', 'select count(*)::int from holds where event_id = $1', [eventId]),
      0,
    )
  })

  it('may be any other text, and means nothing but itself', async () => {
    const { eventId } = await openSale(shop)
    const buyer = await shop.buyer()
    for (const [what, key] of Object.entries(taken)) {
      const first = await buyer.order({ eventId, quantity: 1, ...card('tok_ok') }, key)
      assert.is(first.status, 201, what)
      const again = await buyer.order({ eventId, quantity: 1, ...card('tok_ok') }, key)
      assert.equal(
        [again.text, again.headers.get('idempotency-replayed')],
        [first.text, 'true'],
        what,
      )
    }
    assert.is(await orders(eventId), Object.keys(taken).length)
  })

  it('in quotes is the one without them, and in another case another one', async () => {
    const { eventId } = await openSale(shop)
    const buyer = await shop.buyer()
    const wish = { eventId, quantity: 1, ...card('tok_ok') }
    const key = newId()
    const answers = [
      await buyer.order(wish, key),
      await buyer.order(wish, `"${key}"`),
      await buyer.order(wish, ` ${key} `),
      await buyer.order(wish, key.toUpperCase()),
    ]
    const ids = answers.map(({ body }) => body.id)
    assert.is(new Set(ids).size, 2)
    assert.is(ids[2], ids[0])
    assert.is.not(ids[3], ids[0])
  })

  it('belongs to its buyer: another one with the same key buys for himself', async () => {
    const { eventId } = await openSale(shop)
    const [one, two] = [await shop.buyer(), await shop.buyer()]
    const wish = { eventId, quantity: 1, ...card('tok_ok') }
    const [first, second] = [await one.order(wish, 'same'), await two.order(wish, 'same')]
    assert.equal([first.status, second.status], [201, 201])
    assert.is.not(second.body.id, first.body.id)
    assert.is(second.headers.get('idempotency-replayed'), null)
    assert.is((await two.ask('GET', `/v1/orders/${first.body.id}`)).status, 404)
  })

  it('with another body is 422, whatever is other in it, and changes nothing', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const other = await openSale(shop)
    const buyer = await shop.buyer()
    const wish = { eventId, seatIds: seatIds.slice(0, 2), ...card('tok_ok') }
    const first = await buyer.order(wish, 'key')
    for (const [what, body] of Object.entries({
      'another event': { ...wish, eventId: other.eventId },
      'other seats': { ...wish, seatIds: seatIds.slice(2, 4) },
      'the seats in another order': { ...wish, seatIds: seatIds.slice(0, 2).toReversed() },
      'fewer seats': { ...wish, seatIds: seatIds.slice(0, 1) },
      'another card': { ...wish, ...card('tok_declined') },
      'another means': { ...wish, payment: { method: 'UPI', token: 'tok_ok' } },
      'no payment': { eventId, seatIds: wish.seatIds },
    })) {
      const { status, body: problem } = await buyer.order(body, 'key')
      assert.equal([status, problem.code], [422, 'idempotency-key-reused'], what)
    }
    assert.is((await buyer.order(wish, 'key')).text, first.text)
    assert.equal(await shop.ledgerOf(first.body.id), { taken: 105_000, back: 0 })
    assert.is(await orders(eventId), 1)
  })

  it('with the same body in another spelling is the same request', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const first = await buyer.order(
      { eventId, seatIds: [seatIds[0]], ...card('tok_ok') },
      'spelled',
    )
    const again = await buyer.order(
      { ...card('tok_ok'), seatIds: [seatIds[0]], eventId },
      'spelled',
    )
    assert.is(again.text, first.text)
  })

  it('of a request that had no effect may be used again', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const wish = { eventId, seatIds: [seatIds[0]], ...card('tok_ok') }
    assert.is((await buyer.order({ ...wish, more: 1 }, 'again')).status, 400)
    assert.is((await buyer.order({ ...wish, eventId: newId() }, 'again')).status, 404)
    assert.is((await buyer.order(wish, 'again')).status, 201)
  })
})
