import * as assert from 'uvu/assert'
import { statement, type Statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { keepContact } from '../store/contacts.ts'
import {
  issuedTo,
  look,
  messagesOf,
  openNotifications,
  until,
  untilTaken,
  type Issued,
  type Notifications,
} from './support.ts'

const rolledBack = new Error('rolled back')

const sameMessage = statement(
  'race-same-message',
  `insert into messages (id, kind, order_id, is_over, subject, facts, correlation_id)
   values (gen_random_uuid(), 'tickets', $1, false, 'another', '{}', 'c')`,
)
const sameContact = statement(
  'race-same-contact',
  'insert into contacts (user_id, version) values ($1, 0)',
)

describe('a message and its recipient at the same moment', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => app.close())

  /**
   * Runs `first` up to the lock that `write` has taken in a transaction, then `second` from its beginning to its
   * end, and takes back what was written: `first` goes on with what it saw before `second` was there.
   */
  async function across(
    write: Statement,
    id: string,
    first: () => Promise<unknown>,
    second: () => Promise<unknown>,
  ) {
    const isWaiting = `select count(*)::int from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`
    let running: Promise<unknown> = Promise.resolve()
    await app.deps.database
      .transaction(async (tx) => {
        await tx.query(write, [id])
        running = first()
        await until(async () => (await look(app.deps.database, isWaiting)) > 0)
        await second()
        throw rolledBack
      })
      .catch((err: unknown) => assert.is(err, rolledBack))
    await running
  }

  const register = ({ holderId }: Issued) => app.register({ userId: holderId })
  const issue = (issued: Issued) => untilTaken(() => app.issue(issued))
  const sent = (issued: Issued) =>
    until(async () => (await messagesOf(app.deps, issued.orderId)) === 'tickets SENT')

  it('find each other where the message began to be written first', async () => {
    const issued = issuedTo(newId())
    await across(
      sameMessage,
      issued.orderId,
      () => issue(issued),
      () => register(issued),
    )
    await sent(issued)
  })

  it('find each other where the recipient began to be written first', async () => {
    const issued = issuedTo(newId())
    await across(
      sameContact,
      issued.holderId,
      () => register(issued),
      () => issue(issued),
    )
    await sent(issued)
  })

  it('find each other, a hundred of each at once', async () => {
    const all = Array.from({ length: 100 }, () => issuedTo(newId()))
    await Promise.all(all.flatMap((issued) => [register(issued), issue(issued)]))
    await Promise.all(all.map(sent))
  })

  it('find each other though the process died before the message looked', async () => {
    const issued = issuedTo(newId())
    await issue(issued)
    await keepContact(app.deps.database, { userId: issued.holderId, sealed: 'another', version: 0 })
    // The contact had looked before the message was there; the message's CloudEvent is delivered again.
    await issue(issued)
    const isDue = 'select due_at <= now() or attempts > 0 from messages where order_id = $1'
    assert.is(await look(app.deps.database, isDue, [issued.orderId]), true)
  })

  it('the twin: a recipient that looks while it is written, and not after, leaves the message for ten minutes', async () => {
    const issued = issuedTo(newId())
    const keep = statement(
      'race-twin',
      `with kept as (
         insert into contacts (user_id, sealed, version) values ($1, 'sealed', 1)
         on conflict (user_id) do nothing returning user_id
       )
       update messages m set due_at = now() from kept k where m.recipient_id = k.user_id`,
    )
    const { database } = app.deps
    await across(
      sameContact,
      issued.holderId,
      () => database.query(keep, [issued.holderId]),
      () => issue(issued),
    )
    const isDue = `select due_at < now() + interval '9 min' from messages where order_id = $1`
    assert.is(await look(database, isDue, [issued.orderId]), false)
  })
})
