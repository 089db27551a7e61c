import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { leaseSeconds } from '../sending.ts'
import { claimMessages } from '../store/deliveries.ts'
import {
  issuedTo,
  look,
  messagesOf,
  openInstance,
  openNotifications,
  orderOf,
  until,
  untilTaken,
  type Notifications,
} from './support.ts'

describe('one mail', (it) => {
  let app: Notifications
  /** A second instance of the function on the same database and the same mail server. */
  let other: ReturnType<typeof openInstance>
  it.before(async () => {
    app = await openNotifications({ DATABASE_CONNECTIONS: '20' })
    other = openInstance(app.env)
  })
  it.after(async () => {
    await other.close()
    await app.close()
  })

  /** Messages for one user that wait for him to be known. */
  async function queue(count: number) {
    const userId = newId()
    const orders = Array.from({ length: count }, () => orderOf(userId))
    await Promise.all(orders.map((order) => untilTaken(() => app.tell('refunded', order))))
    return { userId, orderIds: orders.map(({ orderId }) => orderId) }
  }
  const settled = async (orderIds: string[]) =>
    (await look(
      app.deps.database,
      `select bool_and(status = 'SENT') from messages where order_id = any($1)`,
      [orderIds],
    )) as boolean

  it('for tickets.issued that is delivered twenty times at once, at two instances', async () => {
    const { userId, email } = await app.register()
    const issued = issuedTo(userId)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => untilTaken(() => (i % 2 ? app : other).issue(issued))),
    )
    await until(async () => (await messagesOf(app.deps, issued.orderId)) === 'tickets SENT')
    await Promise.all([app.deps.sending.sweep(), other.deps.sending.sweep()])
    assert.is(app.mails.to(email).length, 1)
  })

  it('the twin: looking first and then writing, without the unique key, queues many', async () => {
    const { database } = app.deps
    await look(database, `create table unguarded (order_id uuid, kind text)`)
    const see = statement('twin-see', `select 1 from unguarded where order_id = $1`)
    const write = statement(
      'twin-write',
      `insert into unguarded values ($1, 'tickets') returning 1`,
    )
    const orderId = newId()
    const looks = Array.from({ length: 20 }, () => database.query(see, [orderId]))
    const seen = await Promise.all(looks)
    const unseen = seen.filter((rows) => rows.length === 0)
    await Promise.all(unseen.map(() => database.query(write, [orderId])))
    const queued = `select count(*)::int from unguarded where order_id = $1`
    assert.is(await look(database, queued, [orderId]), 20)
  })

  it('a message, whoever sweeps: forty messages, two instances sweeping at once', async () => {
    const { userId, orderIds } = await queue(40)
    const { email } = await app.register({ userId })
    while (!(await settled(orderIds)))
      await Promise.all([app, other, app, other].map(({ deps }) => deps.sending.sweep()))
    assert.is(app.mails.to(email).length, 40)
    const ids = new Set(app.mails.to(email).map(({ mail }) => mail.messageId))
    assert.is(ids.size, 40)
  })

  it('the twin: sweepers that read what is queued and claim nothing send it twice', async () => {
    const { userId, orderIds } = await queue(10)
    const read = statement(
      'twin-read',
      `select id from messages where order_id = any($1) and status = 'QUEUED'`,
    )
    const mark = statement(
      'twin-mark',
      `update messages set status = 'SENT', sent_at = now() where id = $1 returning 1`,
    )
    const address = `${userId.slice(-12)}@twin.example`
    const due = ({ deps }: Pick<Notifications, 'deps'>) =>
      deps.database.query<{ id: string }>(read, [orderIds])
    const send = async ({ deps }: Pick<Notifications, 'deps'>, messages: { id: string }[]) => {
      for (const { id } of messages) {
        const mail = { id, subject: 'Twin', text: '', html: '', pictures: [] }
        await deps.mailer.send({ ...mail, to: { name: '', address } })
        await deps.database.query(mark, [id])
      }
    }
    const [mine, theirs] = await Promise.all([due(app), due(other)])
    await Promise.all([send(app, mine), send(other, theirs)])
    assert.is(app.mails.to(address).length, 20)
  })

  it('a claim: of thirty claims at once, none gets what another one has', async () => {
    const { userId, orderIds } = await queue(100)
    const { database } = app.deps
    await app.deps.sending.stop()
    await other.deps.sending.stop()
    await app.register({ userId })
    const claims = await Promise.all(
      Array.from({ length: 30 }, (_, i) => {
        const { deps } = i % 2 ? app : other
        return claimMessages(deps.database, 5, leaseSeconds)
      }),
    )
    const ids = claims.flat().map(({ id }) => id)
    assert.is(new Set(ids).size, ids.length)
    const attempts = `select max(attempts) from messages where order_id = any($1)`
    assert.is(await look(database, attempts, [orderIds]), 1)
  })

  it('the twin: claims that do not lock what they choose get the same messages', async () => {
    const { orderIds } = await queue(20)
    const blind = statement(
      'twin-claim',
      `with due as (
         select id from messages where order_id = any($1) and status = 'QUEUED' and due_at <= now()
         order by due_at limit 5
       )
       update messages m set due_at = now() + interval '60 s' from due where m.id = due.id returning m.id`,
    )
    const { database } = app.deps
    await look(database, 'update messages set due_at = now() where order_id = any($1)', [orderIds])
    const { first, second } = await database.transaction(async (tx) => {
      const claimed = await tx.query<{ id: string }>(blind, [orderIds])
      const waiting = other.deps.database.query<{ id: string }>(blind, [orderIds])
      const isWaiting = `select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      for (let i = 0; i < 200 && (await look(database, isWaiting)) === 0; i++);
      return { first: claimed, second: { waiting } }
    })
    const ids = (rows: { id: string }[]) => rows.map(({ id }) => id).toSorted()
    assert.is(first.length, 5)
    assert.equal(ids(await second.waiting), ids(first))
  })
})
