import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { functionNames } from '../../contracts/functions.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

/** The manifests as they are, but with the shortest window that Knative allows: 6 s in place of 60. */
function impatientManifests(): string {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-manifests-'))
  cpSync('knative/base', folder, { recursive: true })
  for (const file of readdirSync(folder)) {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    const line = /^( +)autoscaling\.knative\.dev\/min-scale: .*$/m
    writeFileSync(path, text.replace(line, '$&\n$1autoscaling.knative.dev/window: 6s'))
  }
  return folder
}

describe('while nobody buys', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket({ manifests: impatientManifests() })))
  it.after(() => market.close())

  const running = () => functionNames.filter((name) => market.pidsOf(name).length > 0)

  it('every function goes to zero, those that sweep too, and the next request wakes what it needs', async () => {
    const { eventId, seatIds } = await market.openSale(2)
    const buyer = await market.person()
    assert.is(
      (await buyer.order({ eventId, seatIds: [seatIds[0]], ...card('tok_ok') })).status,
      201,
    )
    await until(
      'the tickets are there',
      async () => (await buyer.ask('GET', '/v1/tickets')).body.total === 1,
    )
    assert.ok(running().length >= 7, running().join())
    await until('nothing runs', async () => running().length === 0, 20_000)
    const { status } = await buyer.order({ eventId, seatIds: [seatIds[1]], ...card('tok_ok') })
    assert.is(status, 201)
    await until(
      'its tickets are there',
      async () => (await buyer.ask('GET', '/v1/tickets')).body.total === 2,
    )
    assert.ok(
      market.lines.some((line) => /^orders 0 → 1, cold start \d+ ms$/.test(line)),
      market.lines.join('\n'),
    )
    assert.ok(market.lines.some((line) => line.startsWith('orders 1 → 0')))
  })
})
