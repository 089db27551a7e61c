import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import type { Bank } from '../bank.ts'
import { askingBank, chargeOf, ledgerFolder, openBank } from './support.ts'

describe('the bank', (it) => {
  const ledger = ledgerFolder()
  let bank: Bank
  let ask: ReturnType<typeof askingBank>
  it.before(async () => {
    bank = await openBank(ledger.path)
    ask = askingBank(bank)
  })
  it.after(async () => {
    await bank.close()
    ledger.remove()
  })

  const charge = (key: string, token: string, amountMinor?: number) =>
    ask('POST', '/charges', chargeOf(token, amountMinor), key)
  const entries = async (key: string) =>
    (await ask('GET', '/ledger')).body.entries.filter(
      (entry: any) => (entry.charge ?? entry.refund ?? entry).key === key,
    )

  it('answers each token with its own outcome', async () => {
    const tokens = ['tok_ok', 'tok_declined', 'tok_insufficient_funds', 'tok_3ds', 'nonsense']
    const outcomes = []
    for (const [i, token] of tokens.entries()) outcomes.push((await charge(`${i}`, token)).body)
    assert.equal(
      outcomes.map(({ status, declineCode }) => [status, declineCode]),
      [
        ['succeeded', undefined],
        ['declined', 'card_declined'],
        ['declined', 'insufficient_funds'],
        ['requires_action', undefined],
        ['declined', 'invalid_token'],
      ],
    )
  })

  it('takes no name of its own objects for a token', async () => {
    assert.is((await charge('proto', 'constructor')).body.declineCode, 'invalid_token')
  })

  it('gives the same bytes for the same key, quoted or bare, and takes the money once', async () => {
    const first = await charge('again', 'tok_ok')
    const second = await ask('POST', '/charges', chargeOf('tok_ok'), '"again"')
    assert.is(second.text, first.text)
    assert.is((await entries('again')).length, 1)
  })

  it('takes the money once when the same charge is asked many times at once', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => charge('crowd', 'tok_ok')))
    assert.is(new Set(all.map(({ text }) => text)).size, 1)
    assert.is((await entries('crowd')).length, 1)
  })

  it('refuses a key that was used for another request', async () => {
    await charge('other', 'tok_ok')
    assert.is((await charge('other', 'tok_declined')).status, 422)
    assert.is((await charge('other', 'tok_ok', 1)).status, 422)
  })

  it('refuses what it cannot read', async () => {
    assert.is((await ask('POST', '/charges', chargeOf('tok_ok'))).status, 400)
    assert.is((await charge('a b', 'tok_ok')).status, 400)
    assert.is((await charge('bad', 'tok_ok', -1)).status, 400)
    assert.is((await charge('bad', 'tok_ok', 1.5)).status, 400)
    assert.is((await ask('POST', '/charges', { token: 'tok_ok' }, 'bad')).status, 400)
    assert.is((await ask('POST', '/charges', [], 'bad')).status, 400)
    assert.is((await ask('GET', '/charges/%zz')).status, 400)
    assert.is((await ask('DELETE', '/charges/bad')).status, 404)
    assert.is((await ask('POST', '/charges', chargeOf('x'.repeat(70_000)), 'bad')).status, 413)
    assert.equal(await entries('bad'), [])
  })

  it('finds a charge by its key', async () => {
    const made = await charge('found', 'tok_ok')
    assert.is((await ask('GET', '/charges/found')).text, made.text)
    assert.is((await ask('GET', '/charges/lost')).status, 404)
  })

  it('answers tok_slow after three seconds, though the money is taken at once', async () => {
    const start = performance.now()
    const slow = charge('slow', 'tok_slow')
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.is((await ask('GET', '/charges/slow')).body.status, 'succeeded')
    assert.is((await slow).body.status, 'succeeded')
    assert.ok(performance.now() - start > 2900)
  })

  it('never answers the first tok_timeout, but takes its money and answers when asked again', async () => {
    const silent = fetch(`${bank.url}/charges`, {
      method: 'POST',
      headers: { 'idempotency-key': 'silent' },
      body: JSON.stringify(chargeOf('tok_timeout')),
      signal: AbortSignal.timeout(500),
    })
    assert.is(
      await silent.then(
        () => 'answered',
        (err: Error) => err.name,
      ),
      'TimeoutError',
    )
    assert.is((await charge('silent', 'tok_timeout')).body.status, 'succeeded')
    assert.is((await entries('silent')).length, 1)
  })

  it('never takes money under a key that was cancelled before', async () => {
    assert.equal((await ask('POST', '/charges/never/cancel')).body, {
      key: 'never',
      status: 'cancelled',
    })
    assert.is((await ask('POST', '/charges/never/cancel')).status, 200)
    const refused = await charge('never', 'tok_ok')
    assert.equal([refused.status, refused.body.status], [409, 'cancelled'])
    assert.is((await ask('GET', '/charges/never')).body.status, 'cancelled')
    assert.is((await entries('never')).length, 1)
  })

  it('cancels a charge that waits for its payer, and keeps one that succeeded', async () => {
    const { body } = await charge('waiting', 'tok_3ds')
    assert.is((await ask('POST', '/charges/waiting/cancel')).body.status, 'cancelled')
    assert.is((await ask('POST', `/3ds/${body.id}`, { approve: true })).status, 409)
    assert.is((await charge('waiting', 'tok_3ds')).status, 409)
    await charge('taken', 'tok_ok')
    assert.is((await ask('POST', '/charges/taken/cancel')).body.status, 'succeeded')
    assert.is((await entries('taken')).length, 1)
  })

  it('lets the payer decide on its page, once', async () => {
    const { body } = await charge('asked', 'tok_3ds')
    assert.is(body.actionUrl, `${bank.url}/3ds/${body.id}`)
    const page = await (await fetch(body.actionUrl)).text()
    assert.match(page, '105.00 INR')
    assert.match(page, 'Approve')
    const after = await fetch(body.actionUrl, {
      method: 'POST',
      body: new URLSearchParams({ approve: 'true' }),
    })
    assert.match(await after.text(), 'succeeded')
    const found = (await ask('GET', '/charges/asked')).body
    assert.equal([found.status, found.actionUrl], ['succeeded', undefined])
    assert.is((await ask('POST', `/3ds/${body.id}`, { approve: false })).status, 409)
  })

  it('takes nothing but a clear yes or no from the payer', async () => {
    const { body } = await charge('unclear', 'tok_3ds')
    assert.is((await ask('POST', `/3ds/${body.id}`, {})).status, 400)
    const declined = await ask('POST', `/3ds/${body.id}`, { approve: false })
    assert.equal(
      [declined.body.status, declined.body.declineCode],
      ['declined', 'authentication_failed'],
    )
    assert.is((await ask('GET', '/3ds/nobody')).status, 404)
  })

  it('gives back in parts, once for each key, and never more than it took', async () => {
    const { body } = await charge('back', 'tok_ok', 1000)
    const refund = (key: string, amountMinor: number) =>
      ask('POST', '/refunds', { chargeId: body.id, amountMinor }, key)
    const first = await refund('r1', 600)
    assert.is(first.body.status, 'succeeded')
    assert.is((await refund('r1', 600)).text, first.text)
    assert.is((await refund('r1', 500)).status, 422)
    assert.is((await refund('r2', 401)).status, 422)
    assert.is((await refund('r2', 400)).status, 200)
    assert.is((await refund('r3', 1)).status, 422)
    assert.is((await ask('GET', '/charges/back')).body.refundedMinor, 1000)
  })

  it('refunds only what was taken', async () => {
    const { body } = await charge('nothing', 'tok_declined')
    const refund = (chargeId: string) =>
      ask('POST', '/refunds', { chargeId, amountMinor: 1 }, chargeId)
    assert.is((await refund(body.id)).status, 422)
    assert.is((await refund('ch_none')).status, 404)
  })

  it('shows its ledger from any entry on, without a token in it', async () => {
    const all = (await ask('GET', '/ledger')).body.entries
    assert.equal(
      all.map(({ seq }: any) => seq),
      all.map((_: unknown, i: number) => i + 1),
    )
    const rest = (await ask('GET', `/ledger?since=${all.length - 2}`)).body.entries
    assert.equal(rest, all.slice(-2))
    assert.equal((await ask('GET', '/ledger?since=999999')).body.entries, [])
    assert.not.match(ledger.read(), 'tok_')
  })
})
