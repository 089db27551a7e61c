import * as assert from 'uvu/assert'
import { withClient } from '../../compose/local/databases.ts'
import { databaseOwners } from '../../contracts/functions.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

describe('everything together', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket()))
  it.after(() => market.close())

  it('sells a ticket to somebody who has just registered, and mails it within two seconds', async () => {
    const { eventId } = await market.openSale()
    const account = {
      email: 'Asha.Rao@example.com',
      password: 'correct horse battery',
      name: 'Asha Rao',
    }
    assert.is((await market.ask('POST', '/v1/users', account)).status, 201)
    const { body: session } = await market.ask('POST', '/v1/auth/login', account)
    assert.is(
      (await market.ask('POST', '/v1/auth/login', { ...account, name: undefined })).status,
      200,
    )
    const headers = {
      authorization: `Bearer ${session?.accessToken ?? (await login(account))}`,
      'idempotency-key': newId(),
    }
    const wish = { eventId, seats: ['Stalls-A-1', 'Stalls-A-2'], ...card('tok_ok') }
    // The first purchase wakes what sleeps; the second shows what a buyer sees.
    await market.ask(
      'POST',
      '/v1/orders',
      { eventId, seats: ['Stalls-A-9'], ...card('tok_ok') },
      { ...headers, 'idempotency-key': newId() },
    )
    await until('the first mail', async () => (await mails()).length === 1)

    const order = await market.ask('POST', '/v1/orders', wish, headers)
    assert.equal(
      [order.status, order.body.status, order.body.total],
      [201, 'CONFIRMED', { amountMinor: 105_000, currency: 'INR' }],
    )
    const took = await until('tickets and mail', async () => {
      const tickets = await market.ask(
        'GET',
        `/v1/tickets?orderId=${order.body.id}`,
        undefined,
        headers,
      )
      return tickets.body.total === 2 && (await mails()).length === 2
    })
    assert.ok(took < 2000, `${took} ms`)
    const again = await market.ask('POST', '/v1/orders', wish, headers)
    assert.is(again.text, order.text)
    const [mail] = await mails()
    assert.match(mail.subject, /A Play/)
    const { attachments, text } = await mailbox(`/messages/${mail.id}`)
    assert.is(attachments.length, 2)
    assert.match(text, /Stalls-A-1/)
    const tickets = await market.ask(
      'GET',
      `/v1/tickets?orderId=${order.body.id}`,
      undefined,
      headers,
    )
    const picture = await fetch(`${market.url}/v1/tickets/${tickets.body.items[0].id}.png`, {
      headers,
    })
    assert.is(picture.headers.get('content-type'), 'image/png')
    const { body } = await market.ask('GET', `/v1/orders/${order.body.id}`, undefined, headers)
    assert.is(body.ticketsIssued, true)

    async function mails() {
      const { items } = await mailbox('/messages?to=asha.rao@example.com')
      return items.filter(({ subject }: { subject: string }) => /A Play/.test(subject))
    }
  })

  it('lets nobody through the gateway to what only functions may call', async () => {
    const buyer = await market.person(['admin'])
    const calls: [string, string][] = [
      ['POST', '/v1/seats/allocate'],
      ['PUT', `/v1/holds/${newId()}`],
      ['POST', '/v1/payments/charge'],
      ['POST', '/v1/payments/void'],
      ['POST', `/v1/payments/${newId()}/refunds`],
      ['GET', `/v1/events/${newId()}/layout`],
      ['POST', '/'],
      ['GET', '/metrics/../v1/holds'],
    ]
    for (const [method, path] of calls) {
      const { status } = await buyer.ask(method, path, method === 'GET' ? undefined : {})
      assert.ok([404, 405].includes(status), `${method} ${path} answered ${status}`)
    }
  })

  it('delivers a CloudEvent that was published with curl to its function', async () => {
    const before = await swept()
    const published = await fetch(market.brokerUrl, {
      method: 'POST',
      headers: {
        'ce-specversion': '1.0',
        'ce-id': newId(),
        'ce-type': 'dev.knative.sources.ping',
        'ce-source': '/curl',
        'content-type': 'application/json',
      },
      body: '{}',
    })
    assert.is(published.status, 202)
    await until('catalog got it', async () => (await swept()) > before)

    async function swept() {
      const response = await fetch(`${market.url}/metrics`, {
        headers: { host: 'catalog.localhost' },
      }).catch(() => undefined)
      void response
      const text = await viaHost('catalog.localhost', '/metrics')
      return Number(
        /cloudevents_received_total\{[^}]*type="dev.knative.sources.ping"[^}]*\} (\d+)/.exec(
          text,
        )?.[1] ?? 0,
      )
    }
  })

  it('keeps every function in its own database', async () => {
    for (const name of databaseOwners)
      for (const other of [...databaseOwners, 'postgres', 'template1']) {
        if (other === name) continue
        const url = new URL(market.databaseUrl(name))
        url.pathname = `/${other}`
        const code = await withClient(url.href, async () => 'connected').catch(
          (err: unknown) => (err as { code: string }).code,
        )
        assert.is(code, '42501', `${name} → ${other}`)
      }
  })

  const mailbox = async (path: string): Promise<any> =>
    (await fetch(market.mailboxUrl + path)).json()
  const login = async (account: { email: string; password: string }) =>
    (
      await market.ask('POST', '/v1/auth/login', {
        email: account.email,
        password: account.password,
      })
    ).body.accessToken

  /** fetch cannot name another host than the one it connects to. */
  async function viaHost(host: string, path: string): Promise<string> {
    const { request } = await import('node:http')
    const { hostname, port } = new URL(market.url)
    return new Promise((resolve, reject) => {
      request({ hostname, port, path, headers: { host: `${host}:${port}` } }, (incoming) => {
        let text = ''
        incoming.on('data', (chunk) => (text += chunk))
        incoming.on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
  }
})
