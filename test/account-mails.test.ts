import { randomBytes } from 'node:crypto'
import * as assert from 'uvu/assert'
import { events, type EventContract, type EventType } from '../contracts/events.ts'
import { createDatabase, statement, type Database } from '../functions/_runtime/database.ts'
import { createLog } from '../functions/_runtime/log.ts'
import { describe } from '../functions/_runtime/test.ts'
import { look } from '../functions/_runtime/testing/ask.ts'
import { testEnv } from '../functions/_runtime/testing/env.ts'
import { endTesting } from '../functions/_runtime/testing/services.ts'
import { eventKey } from '../functions/_runtime/testing/tokens.ts'
import { signEvent } from '../functions/_runtime/signature.ts'
import { openMailServer } from '../functions/notifications/test/mail-server.ts'
import { start as startNotifications } from '../functions/notifications/start.ts'
import { start as startUsers } from '../functions/users/start.ts'
import { migrationsOf } from '../scripts/migrations.ts'
import { listen } from './shop.ts'

const password = 'correct horse battery staple'

describe('a link by mail', (it) => {
  const closing: (() => Promise<unknown>)[] = []
  let mails: Awaited<ReturnType<typeof openMailServer>>
  let database: Database
  let notified: Database
  const addresses = { users: '', notifications: '' }

  it.before(async () => {
    mails = await openMailServer()
    const CONTACT_KEY = randomBytes(32).toString('hex')
    const usersEnv = await testEnv('users', await migrationsOf('users'))
    const users = await listen(
      startUsers({
        ...usersEnv,
        CONTACT_KEY,
        KEY_SECRET: randomBytes(32).toString('hex'),
        ARGON_MEMORY_KIB: '64',
        ARGON_PASSES: '1',
      }),
    )
    const env = await testEnv('notifications', await migrationsOf('notifications'))
    const notifications = await listen(
      startNotifications({
        ...env,
        CONTACT_KEY,
        KEY_SECRET: randomBytes(32).toString('hex'),
        SMTP_URL: mails.url,
        MAIL_FROM: 'Boxoffice <tickets@boxoffice.example>',
        PUBLIC_URL: 'https://tickets.example/',
        FUNCTION_ADDRESSES: `users=${users.address}`,
      }),
    )
    Object.assign(addresses, { users: users.address, notifications: notifications.address })
    database = openDatabase(usersEnv.DATABASE_URL ?? '')
    notified = openDatabase(env.DATABASE_URL ?? '')
    closing.push(notifications.close, users.close, mails.close, database.close, notified.close)
  })
  it.after(async () => {
    for (const close of closing) await close()
    await endTesting()
  })

  const openDatabase = (url: string) =>
    createDatabase({
      url,
      connections: 2,
      prepared: true,
      entities: async () => [],
      log: createLog('test', 'silent'),
    })

  const ask = async (path: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(`http://${addresses.users}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...more },
      body: JSON.stringify(body),
    })

  /** Hands notifications what users has told, as the Broker would. */
  async function deliver(): Promise<void> {
    type Row = { id: string; type: EventType; aggregateid: string; payload: unknown }
    const rows = await database.query<Row>(
      statement('', 'delete from outbox_unsent u using outbox o where o.id = u.id returning o.*'),
    )
    for (const { id, type, aggregateid: subject, payload: data } of rows) {
      if (!(events[type] as EventContract).to.includes('notifications')) continue
      const source = '/functions/users'
      const { status } = await fetch(`http://${addresses.notifications}/`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': id,
          'ce-source': source,
          'ce-type': type,
          'ce-subject': subject,
          'ce-sig': signEvent(eventKey, { id, source, type, subject, data }),
        },
        body: JSON.stringify(data),
      })
      assert.is(status, 204, type)
    }
  }

  async function until<Value>(what: string, find: () => Value | Promise<Value>) {
    for (let i = 0; i < 2000; i++) {
      const found = await find()
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`${what} did not come about`)
  }

  const mailOf = (address: string, subject: string) =>
    until(`the mail ${subject}`, async () => {
      await deliver()
      return mails.to(address).find(({ mail }) => mail.subject === subject)?.mail
    })

  async function register() {
    const email = `${randomBytes(6).toString('hex')}@mail.example`
    const registered = await ask('/v1/users', { email, password, name: 'Asha <b>Rao</b>' })
    const { id } = (await registered.json()) as { id: string }
    return { email, id }
  }

  it('proves the address of a new account, and its token is nowhere but in the mail', async () => {
    const { email } = await register()
    const mail = await mailOf(email, 'Confirm your e-mail address')
    const [link = '', token = ''] =
      /https:\/\/tickets\.example\/account\/verify-email#token=(\S+)/.exec(mail.text ?? '') ?? []
    assert.ok(mail.html?.includes(link))
    assert.ok(!mail.html?.includes('<b>'), 'what is typed stays text')
    const kept: string = await look(
      notified,
      `select concat((select string_agg(m::text, '') from messages m),
         (select string_agg(d::text, '') from deliveries d))`,
    )
    assert.not.match(kept, token.split('.').at(-1) ?? '')
    assert.is((await ask('/v1/auth/verify-email', { token })).status, 204)
    assert.is((await ask('/v1/auth/verify-email', { token })).status, 400)
  })

  it('sets a new password', async () => {
    const { email } = await register()
    assert.is((await ask('/v1/auth/reset-requests', { email })).status, 202)
    const mail = await mailOf(email, 'Set a new password')
    const token = /#token=(\S+)/.exec(mail.text ?? '')?.[1]
    const fresh = 'another correct horse'
    assert.is((await ask('/v1/auth/reset', { token, password: fresh })).status, 204)
    assert.is((await ask('/v1/auth/login', { email, password: fresh })).status, 200)
  })

  it('goes to the new address, which is not known to notifications yet', async () => {
    const { email } = await register()
    const session = (await (await ask('/v1/auth/login', { email, password })).json()) as {
      accessToken: string
    }
    const next = `next-${email}`
    const authorization = `Bearer ${session.accessToken}`
    await ask('/v1/users/me/email', { email: next, password }, { authorization })
    const mail = await mailOf(next, 'Confirm your new e-mail address')
    assert.match(mail.text ?? '', '/account/change-email#token=')
  })

  it('is not sent once it is over', async () => {
    const { id } = await register()
    await look(database, `update links set expires_at = now() where user_id = $1`, [id])
    await deliver()
    await until('the message fails', () =>
      look(notified, `select 1 from messages where recipient_id = $1 and reason = 'link-over'`, [
        id,
      ]),
    )
  })
})
