import { strict as assert } from 'node:assert'
import { functionNames } from '../../contracts/functions.ts'
import { until } from './ask.ts'
import { insist, order, settles, startLoad, type Tally } from './load.ts'
import { dockerOrFail, inspect, type Project } from './project.ts'
import { get, ledgerOf, ordersOf, type Buyer, type Sale } from './shop.ts'

export type Market = { project: Project; sale: Sale; buyers: Buyer[]; admin: string }

/** Below the 10 s after which `docker stop` kills. */
const stopSecondsMax = 9.5

/** From the seat to the ticket and its mail. */
export async function buyOne({ project: { port }, sale, buyers }: Market): Promise<void> {
  const [buyer] = buyers as [Buyer]
  const asked = order(buyer, sale.eventId, seatOf(sale))
  // Orders hears of the event by a CloudEvent, maybe after its seats are there.
  let bought: unknown
  await until(
    'a purchase is answered 201',
    async () => {
      const answer = await insist(port, asked, newTally())
      bought = answer?.body?.status
      return answer?.status === 201
    },
    20,
  )
  assert.equal(bought, 'CONFIRMED')
  const tickets = () =>
    get<{ total: number }>(port, 200, { path: '/v1/tickets', token: buyer.token })
  await until('the ticket is issued', async () => (await tickets()).total === 1, 20)
  const to = encodeURIComponent(buyer.email)
  const mails = () =>
    get<{ items: unknown[] }>(port, 200, { path: `/messages?to=${to}`, host: 'mail.localhost' })
  await until('the ticket is mailed', async () => (await mails()).items.length > 0, 20)
}

/** Payments that take 3 s are under way when orders dies; whoever asks again gets what he paid for. */
export async function killOrders({ project, sale, buyers }: Market): Promise<void> {
  const { port } = project
  const container = await project.containerOf('orders')
  const tally = newTally()
  const purchases = buyers.map(async (buyer) => {
    const asked = order(buyer, sale.eventId, seatOf(sale), 'tok_slow')
    const answer = await insist(port, asked, tally)
    assert.ok(
      answer?.status === 201 || (await settles(port, buyer, answer)),
      `${answer?.status} ${JSON.stringify(answer?.body)}`,
    )
  })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await dockerOrFail('kill', '--signal=KILL', container)
  assert.equal(await inspect(container, '{{.State.ExitCode}}'), '137')
  await dockerOrFail('start', container)
  await Promise.all(purchases)
  assert.ok(tally.again >= buyers.length, 'nobody was cut off: the kill came too late')
  await reconcile({ project, buyers })
}

/** One after the other, while people buy and look around. */
export async function stopEach(
  { project, sale, buyers, admin }: Market,
  say: (line: string) => void,
): Promise<void> {
  const load = startLoad(project.port, buyers, sale, admin)
  for (const service of [...functionNames, 'emulator']) {
    const container = await project.containerOf(service)
    const { bought, read, again } = load.tally
    const start = performance.now()
    await dockerOrFail('stop', container)
    const seconds = (performance.now() - start) / 1000
    const code = await inspect(container, '{{.State.ExitCode}}')
    await dockerOrFail('start', container)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const now = load.tally
    say(
      `      ${service}: exit code ${code} after ${seconds.toFixed(1)} s; ${now.bought - bought} bought, ` +
        `${now.read - read} read, ${now.again - again} asked again`,
    )
    assert.equal(code, '0', `${service} ended with ${code}`)
    assert.ok(seconds < stopSecondsMax, `${service} took ${seconds} s to stop`)
  }
  const { bought, read, again, failed } = await load.stop()
  say(`      in all ${bought} bought, ${read} read, ${again} asked again, ${failed.length} failed`)
  assert.deepEqual(failed, [])
  assert.ok(bought > 50, `only ${bought} were bought: that is no load`)
}

/** Each order is confirmed and paid once, or whatever was taken for it went back. */
export async function reconcile({
  project: { port },
  buyers,
}: Pick<Market, 'project' | 'buyers'>): Promise<void> {
  const ledger = await ledgerOf(port)
  const orders = (await Promise.all(buyers.map((buyer) => ordersOf(port, buyer)))).flat()
  for (const { id, status, total } of orders) {
    const { taken, back } = ledger.get(id) ?? { taken: [], back: 0 }
    const sum = taken.reduce((all, one) => all + one, 0)
    assert.ok(taken.length <= 1, `order ${id} was charged ${taken.length} times`)
    assert.equal(
      sum - back,
      status === 'CONFIRMED' ? total.amountMinor : 0,
      `order ${id}: ${status}`,
    )
    ledger.delete(id)
  }
  assert.deepEqual([...ledger.keys()], [], 'charges without an order')
  const seats = orders.flatMap(({ status, lines }) =>
    status === 'CONFIRMED' ? lines.map(({ seatId }) => seatId) : [],
  )
  assert.equal(new Set(seats).size, seats.length, 'a seat was sold twice')
}

const newTally = (): Tally => ({ bought: 0, read: 0, again: 0, failed: [] })

function seatOf(sale: Sale): string {
  const seatId = sale.seatIds.pop()
  if (!seatId) throw new Error('the sale has no seats left')
  return seatId
}
