import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { createApi } from '../api.ts'
import { createBook } from '../book.ts'
import { openLedger } from '../ledger.ts'
import { createListener } from '../listener.ts'
import { askingBank, chargeOf, ledgerFolder } from './support.ts'

describe('the ledger', (it) => {
  const folder = ledgerFolder()
  it.after(() => folder.remove())

  it('has a fact in its file once it says that it is written, and facts that come together in order', async () => {
    const ledger = await openLedger(folder.path, () => {})
    const waits = []
    for (let i = 0; i < 100; i++) {
      const { seq } = ledger.append({ type: 'key.cancelled', key: `key-${i}` })
      waits.push(
        ledger
          .written()
          .then(() => assert.ok(folder.read().includes(`{"seq":${seq},`), `entry ${seq}`)),
      )
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(waits)
    const lines = folder.read().trimEnd().split('\n')
    assert.equal(
      lines.map((line) => JSON.parse(line).seq),
      Array.from({ length: 100 }, (_, i) => i + 1),
    )
    await ledger.close()
  })

  it('answers nothing any more once a write has failed', async () => {
    const ledger = await openLedger(folder.path, () => {})
    await ledger.close()
    ledger.append({ type: 'key.cancelled', key: 'a' })
    assert.is(await settledAs(ledger.written()), 'rejected')
    ledger.append({ type: 'key.cancelled', key: 'b' })
    assert.is(await settledAs(ledger.written()), 'rejected')
    assert.not.match(folder.read(), '"a"')
  })

  it('is waited for by every answer', async () => {
    const ledger = await openLedger(folder.path, () => {})
    const disk = Promise.withResolvers<void>()
    const slow = { ...ledger, written: () => disk.promise.then(() => ledger.written()) }
    const book = createBook()
    const api = createApi({
      book,
      record: (fact) => void book.apply(slow.append(fact)),
      actionUrl: (id) => id,
    })
    const closing = new AbortController()
    const server = createServer(
      createListener({ api, book, ledger: slow, closing: closing.signal, say: () => {} }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const ask = askingBank({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    let answered = 0
    const asks = [
      () => ask('POST', '/charges', chargeOf('tok_ok'), 'one'),
      () => ask('GET', '/charges/one'),
      () => ask('POST', '/charges/other/cancel'),
      () => ask('GET', '/ledger'),
    ]
    try {
      const all = asks.map(async (one, i) => {
        await new Promise((resolve) => setTimeout(resolve, i * 50))
        const { status } = await one()
        answered += 1
        return status
      })
      await new Promise((resolve) => setTimeout(resolve, 400))
      assert.is(answered, 0)
      disk.resolve()
      assert.equal(await Promise.all(all), [200, 200, 200, 200])
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await ledger.close()
    }
  })
})

const settledAs = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fulfilled',
    () => 'rejected',
  )
