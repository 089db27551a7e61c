import * as assert from 'uvu/assert'
import { statement, type Sql } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import type { Answer } from '../../_runtime/testing/ask.ts'
import { look, openEvent, openSeating, type Seating } from './support.ts'

/**
 * A hold can be paid for and given up at the same moment. Both touch the hold's row and its seats' rows: in
 * the same order, or each waits for what the other has until a time limit ends one of them.
 */
describe('a hold that is paid while it is given up', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating()))
  it.after(() => seating.close())

  /** Begins to end the hold, lets `meanwhile` begin, and goes on to the seats without waiting for anybody. */
  async function endHoldDuring(
    { holdId, seatIds }: { holdId: string; seatIds: string[] },
    meanwhile: () => Promise<unknown>,
  ) {
    return seating.deps.database.transaction(async (tx) => {
      await tx.query(statement('', `update holds set status = 'RELEASED' where id = $1`), [holdId])
      const other = meanwhile().catch((err: unknown) => err)
      await new Promise((resolve) => setTimeout(resolve, 100))
      const seats = await lockSeats(tx, seatIds, 'nowait').catch((err: { code?: string }) => err)
      return { other, seats }
    })
  }

  const lockSeats = (sql: Sql, seatIds: string[], how = '') =>
    sql.query(
      statement(
        '',
        `select id from seats where id = any($1::uuid[]) order by id for update ${how}`,
      ),
      [seatIds],
    )

  async function held() {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const orders = await seating.asFunction('orders')
    const orderId = newId()
    const body = { eventId, orderId, buyerId: newId(), seatIds }
    assert.is((await orders('PUT', `/v1/holds/${orderId}`, body)).status, 200)
    const pay = () =>
      orders('POST', '/v1/seats/allocate', { eventId, orderId, holdId: orderId, seatIds })
    return { holdId: orderId, seatIds, pay }
  }

  it('waits at the hold, before it has any seat, and finds it given up', async () => {
    const hold = await held()
    const { other, seats } = await endHoldDuring(hold, hold.pay)
    assert.equal((seats as { id: string }[]).length, 2)
    const { status, body } = (await other) as Answer
    assert.equal([status, body.code], [409, 'seats-lost'])
  })

  it('twin: with the seats first, each has what the other waits for', async () => {
    const hold = await held()
    const { other, seats } = await endHoldDuring(hold, () =>
      seating.deps.database.transaction(async (tx) => {
        await lockSeats(tx, hold.seatIds)
        await tx.query(statement('', `update holds set status = 'ALLOCATED' where id = $1`), [
          hold.holdId,
        ])
      }),
    )
    assert.is((seats as { code: string }).code, 'busy')
    await other
  })
})

/** Its buyer ends a hold at the moment at which an order takes it: what he saw a moment ago is no reason. */
describe('a hold that is ended while an order takes it', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating()))
  it.after(() => seating.close())

  async function bindDuring(end: (id: string, buyerId: string) => Promise<unknown>) {
    const { database, placeHold } = seating.deps
    const { eventId, seatIds } = await openEvent(database, { width: 2 })
    const [id, buyerId] = [newId(), newId()]
    const own = { id, eventId, buyerId, orderId: null, seatIds }
    await placeHold({ ...own, seconds: 900, seatsPerBuyerMax: 4 })
    const ended = await database.transaction(async (tx) => {
      await tx.query(statement('', `update holds set order_id = $2 where id = $1`), [id, newId()])
      const other = end(id, buyerId)
      await new Promise((resolve) => setTimeout(resolve, 100))
      return { other }
    })
    await ended.other
    return look(database, `select count(*)::int from seats where hold_id = $1`, [id])
  }

  it('stays with the order', async () => {
    assert.is(await bindDuring(seating.deps.endHold), 2)
  })

  it('twin: looking first, he takes the seats from the order', async () => {
    const { database } = seating.deps
    const free = `update seats set status = 'AVAILABLE', hold_id = null, held_until = null where hold_id = $1`
    const isHis = 'select order_id is null from holds where id = $1'
    const left = await bindDuring(async (id) => {
      if (await look(database, isHis, [id])) await look(database, free, [id])
    })
    assert.is(left, 0)
  })
})
