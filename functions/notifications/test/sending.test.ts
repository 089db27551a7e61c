import * as assert from 'uvu/assert'
import { inContext } from '../../_runtime/context.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { attemptsMax, leaseSeconds, secondsAfter } from '../sending.ts'
import { claimMessages } from '../store/deliveries.ts'
import { openMailServer, type Behaviour } from './mail-server.ts'
import {
  issuedTo,
  look,
  makeDue,
  messagesOf,
  openInstance,
  openNotifications,
  until,
  type Notifications,
} from './support.ts'

describe('handing a mail over', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications({ SMTP_SECONDS: '2' })))
  it.after(() => app.close())
  it.afterEach(() => Object.assign(app.mails, { behaviour: () => 'take', sender: 250 }))

  /** Tickets for somebody with whom the mail server does as told. */
  async function tickets(behaviour: Behaviour) {
    const { userId, email } = await app.register()
    app.mails.behaviour = (address) => (address === email ? behaviour : 'take')
    const issued = issuedTo(userId)
    await app.issue(issued)
    return { email, userId, issued, status: () => messagesOf(app.deps, issued.orderId) }
  }
  const attempts = (orderId: string) =>
    look(
      app.deps.database,
      `select coalesce(string_agg(concat_ws(' ', attempt, coalesce(outcome, 'open'), detail), ', ' order by attempt), '')
       from deliveries d join messages m on m.id = d.message_id where order_id = $1`,
      [orderId],
    )
  const dueIn = (orderId: string) =>
    look(
      app.deps.database,
      `select extract(epoch from due_at - now())::float8 from messages where order_id = $1`,
      [orderId],
    )

  it('is tried again later when the server says not now', async () => {
    const { email, issued, status } = await tickets(451)
    await until(async () => (await status()) === 'tickets QUEUED SMTP 451 at RCPT TO')
    const seconds = await dueIn(issued.orderId)
    assert.ok(seconds > 5 && seconds < 13, `${seconds} s`)
    assert.is(await app.deps.sending.sweep(), 0)
    app.mails.behaviour = () => 'take'
    await makeDue(app.deps, issued.orderId)
    assert.is(await app.deps.sending.sweep(), 1)
    assert.is(await status(), 'tickets SENT')
    assert.is(app.mails.to(email).length, 1)
    assert.is(await attempts(issued.orderId), '1 REFUSED SMTP 451 at RCPT TO, 2 SENT')
  })

  it('ends at once when the server says never: to the recipient, or to the mail', async () => {
    const unknown = await tickets(550)
    await until(async () => (await unknown.status()) === 'tickets FAILED SMTP 550 at RCPT TO')
    const spam = await tickets('refuse-mail')
    await until(async () => (await spam.status()) === 'tickets FAILED SMTP 554 at DATA')
    const sealed = `select count(sealed)::int from messages where order_id = any($1)`
    const ids = [unknown.issued.orderId, spam.issued.orderId]
    assert.is(await look(app.deps.database, sealed, [ids]), 0)
  })

  it('is not given up when the server does not like the sender: that is a setting', async () => {
    app.mails.sender = 553
    const { issued, status } = await tickets('take')
    await until(async () => /QUEUED SMTP 553/.test(await status()))
    app.mails.sender = 250
    await makeDue(app.deps, issued.orderId)
    await app.deps.sending.sweep()
    assert.is(await status(), 'tickets SENT')
  })

  it('that gets no answer in time is unknown, not failed', async () => {
    const { issued, status } = await tickets('hang')
    await until(async () => (await status()) === 'tickets QUEUED EABORT')
    assert.is(await attempts(issued.orderId), '1 UNKNOWN EABORT')
  })

  it('that was taken but never answered goes out again under the same Message-ID', async () => {
    const { email, issued, status } = await tickets('take-and-hang')
    await until(async () => (await status()) === 'tickets QUEUED EABORT')
    app.mails.behaviour = () => 'take'
    await makeDue(app.deps, issued.orderId)
    await app.deps.sending.sweep()
    assert.is(await status(), 'tickets SENT')
    const [first, second, ...more] = app.mails.to(email)
    assert.is(first?.mail.messageId, second?.mail.messageId)
    assert.equal(more, [])
  })

  it('is tried at most eight times, over hours, then it has failed with its reason', async () => {
    const { issued, status } = await tickets(452)
    const waits: number[] = []
    for (let attempt = 1; attempt < attemptsMax; attempt++) {
      await until(async () =>
        (await attempts(issued.orderId)).endsWith(`${attempt} REFUSED SMTP 452 at RCPT TO`),
      )
      waits.push(await dueIn(issued.orderId))
      await makeDue(app.deps, issued.orderId)
      await app.deps.sending.sweep()
    }
    assert.is(await status(), 'tickets FAILED SMTP 452 at RCPT TO')
    assert.is((await attempts(issued.orderId)).split(',').length, 8)
    for (const [i, wait] of waits.entries())
      assert.ok(wait > 7 * 4 ** i && wait < 13 * 4 ** i, `attempt ${i + 1}: ${wait} s`)
    const hours = [1, 2, 3, 4, 5, 6, 7].reduce((sum, one) => sum + secondsAfter(one), 0) / 3600
    assert.ok(hours > 10 && hours < 20, `${hours} h`)
  })

  it('does not end with the request that began it', async () => {
    const idle = openInstance(app.env)
    await idle.deps.sending.stop()
    const { userId } = await idle.register()
    const issued = issuedTo(userId)
    await idle.issue(issued)
    inContext({ deadlineAt: performance.now() - 1 }, () => app.deps.sending.wake())
    await until(async () => (await messagesOf(app.deps, issued.orderId)) === 'tickets SENT')
    await idle.close()
  })

  it('waits when it cannot be written, as with codes that another key has sealed', async () => {
    const other = openInstance({ ...app.env, KEY_SECRET: 'another secret of thirty-two bytes' })
    const issued = issuedTo(newId())
    await app.issue(issued)
    await other.register({ userId: issued.holderId })
    const status = () => messagesOf(app.deps, issued.orderId)
    await until(async () => (await status()) === 'tickets QUEUED not-composed')
    assert.is(await attempts(issued.orderId), '1 REFUSED not-composed')
    await other.close()
  })

  it('ends when its attempts ran out without a word, as those of a process that always dies', async () => {
    const { issued, status } = await tickets(451)
    await until(async () => /QUEUED SMTP/.test(await status()))
    await look(app.deps.database, `update messages set attempts = 8 where order_id = $1`, [
      issued.orderId,
    ])
    await makeDue(app.deps, issued.orderId)
    await app.deps.sending.sweep()
    assert.is(await status(), 'tickets FAILED attempts-over')
  })
})

describe('a process that died with a mail', (it) => {
  let dead: Notifications
  let alive: ReturnType<typeof openInstance>
  it.before(async () => {
    dead = await openNotifications()
    alive = openInstance(dead.env)
    await dead.deps.sending.stop()
  })
  it.after(async () => {
    await alive.close()
    await dead.close()
  })

  it('keeps it from the others until its lease is over, then another one sends it', async () => {
    const { database } = dead.deps
    const { userId, email } = await dead.register()
    const issued = issuedTo(userId)
    await dead.issue(issued)
    // Whoever claims and says no more is dead to everybody else.
    assert.is((await claimMessages(database, 10, leaseSeconds)).length, 1)
    assert.is(await alive.deps.sending.sweep(), 0)
    const due = `select extract(epoch from due_at - now())::float8 from messages`
    const seconds = await look(database, due)
    assert.ok(seconds > 40 && seconds <= leaseSeconds, `${seconds} s`)
    await makeDue(dead.deps, issued.orderId)
    assert.is(await alive.deps.sending.sweep(), 1)
    assert.is(dead.mails.to(email).length, 1)
    const outcomes = `select string_agg(coalesce(outcome, 'open'), ', ' order by attempt) from deliveries`
    assert.is(await look(database, outcomes), 'open, SENT')
  })
})

describe('a mail server', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications({ SMTP_SECONDS: '4' })))
  it.after(() => app.close())

  it('that is slow with one mail takes the others meanwhile', async () => {
    const [slow, other] = [await app.register(), await app.register()]
    app.mails.behaviour = (address) => (address === slow.email ? 'hang' : 'take')
    await app.issue(issuedTo(slow.userId))
    const open = `select count(*)::int from deliveries where outcome is null`
    await until(async () => (await look(app.deps.database, open)) === 1)
    await app.issue(issuedTo(other.userId))
    await until(() => app.mails.to(other.email).length === 1)
    await until(async () => (await look(app.deps.database, open)) === 1)
  })

  it('that is away costs nothing but time: mails wait, and go out when it is back', async () => {
    const port = Number(new URL(app.mails.url).port)
    await app.mails.close()
    const { userId, email } = await app.register()
    const issued = issuedTo(userId)
    assert.is((await app.issue(issued)).status, 204)
    await until(async () => /QUEUED E/.test(await messagesOf(app.deps, issued.orderId)))
    app.mails = await openMailServer(port)
    await makeDue(app.deps, issued.orderId)
    await app.deps.sending.sweep()
    assert.is(await messagesOf(app.deps, issued.orderId), 'tickets SENT')
    assert.is(app.mails.to(email).length, 1)
  })
})
