import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { derivedId, newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { readLedger } from '../invariants/ledger.ts'
import { mergeById } from '../invariants/merge.ts'

describe('the ledger as a witness', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-ledger-'))
  const file = join(folder, 'ledger.jsonl')
  it.after(() => rmSync(folder, { recursive: true }))

  const charge = (key: string, id: string, status: string, amountMinor = 5) => ({
    type: 'charge.created',
    charge: { key, id, status, amountMinor, currency: 'INR' },
  })
  const write = (...entries: object[]) =>
    writeFileSync(
      file,
      entries.map((one, i) => `${JSON.stringify({ seq: i + 1, ...one })}\n`).join(''),
    )

  it('adds up charges, decisions and refunds of an order, over all of its tries', async () => {
    const id = newId()
    write(
      charge(id, 'a', 'declined'),
      charge(`${id}:2`, 'b', 'requires_action'),
      { type: 'charge.decided', key: `${id}:2`, status: 'succeeded' },
      { type: 'refund.created', refund: { chargeId: 'b', amountMinor: 2 } },
      charge('no order', 'c', 'succeeded'),
    )
    assert.equal(await Array.fromAsync(readLedger(file)), [
      { id, charges: 1, takenMinor: 5, backMinor: 2, currency: 'INR' },
      { id: 'no order', charges: 1, takenMinor: 5, backMinor: 0, currency: 'INR' },
    ])
    assert.equal(await Array.fromAsync(readLedger(file, new Set([newId()]))), [])
  })

  it('gives the same in parts as at once, each id once and in order, whatever the keys are', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => derivedId(newId(), String(i)))
    write(...[...ids, '', '~', 'zebra', '8', 'Z'].map((id) => charge(id, `of ${id}`, 'succeeded')))
    const whole = await Array.fromAsync(readLedger(file))
    assert.is(whole.length, 205)
    assert.equal(
      whole.map(({ id }) => id),
      [...new Set(whole.map(({ id }) => id))].toSorted((a, b) => (a < b ? -1 : 1)),
    )
    for (const chargesMax of [1, 7, 100])
      assert.equal(await Array.fromAsync(readLedger(file, undefined, chargesMax)), whole)
  })

  it('fails on a broken line, and not on a last one that is being written', async () => {
    const line = JSON.stringify({ seq: 1, ...charge(newId(), 'a', 'succeeded') })
    writeFileSync(file, `${line}\n{"seq":2,"type":"cha`)
    assert.is((await Array.fromAsync(readLedger(file))).length, 1)
    writeFileSync(file, `{"seq":1,"type":"cha\n${line}\n`)
    await Array.fromAsync(readLedger(file)).then(
      () => assert.unreachable(),
      (err: Error) => assert.match(err.message, /^the ledger .*ledger\.jsonl: /),
    )
  })
})

describe('streams that are zipped', (it) => {
  async function* of(...ids: string[]) {
    for (const id of ids) yield { id }
  }
  const sizes = async (left: string[], right: string[]) => {
    const all: [string, number, number][] = []
    for await (const { id, a, b } of mergeById({ a: of(...left), b: of(...right) }))
      all.push([id, a.length, b.length])
    return all
  }

  it('meet by id, where one has none, one or several', async () => {
    assert.equal(await sizes(['1', '2', '2', '4'], ['2', '3']), [
      ['1', 1, 0],
      ['2', 2, 1],
      ['3', 0, 1],
      ['4', 1, 0],
    ])
    assert.equal(await sizes([], []), [])
  })

  it('throw where one is out of order: what follows would be called missing', async () => {
    await sizes(['2', '1'], []).then(
      () => assert.unreachable(),
      (err: Error) => assert.match(err.message, /a is not in the order of ids/),
    )
  })
})
