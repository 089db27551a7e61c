import { Agent, request } from 'node:http'
import { newId } from '../../functions/_runtime/ids.ts'
import { card, type Market } from './market.ts'

export type Bought = { status: number; code: string; orderId: string; ms: number }

const looksMax = 10

/** Many buyers at a gateway, over as many connections at once as `sockets`, which are kept and used again. */
export async function openHerd(market: Market, buyers: number, sockets: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets })
  const { hostname, port } = new URL(market.url)
  const tokens: string[] = []
  for (let i = 0; i < buyers; i++) tokens.push((await market.person()).token)

  /** A connection that breaks, and an answer that does not come, are status 0. */
  function ask(buyer: number, method: string, path: string, body?: object) {
    const text = body && JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${tokens[buyer]}`,
      'idempotency-key': newId(),
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    return new Promise<{ status: number; body: any }>((resolve) => {
      const outgoing = request({ agent, hostname, port, path, method, headers }, (incoming) => {
        let answer = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => (answer += chunk))
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(answer || '{}') }),
        )
        incoming.on('error', () => resolve({ status: 0, body: {} }))
      })
      outgoing.setTimeout(60_000, () => outgoing.destroy())
      outgoing.on('error', () => resolve({ status: 0, body: {} }))
      outgoing.end(text)
    })
  }

  return {
    async buy(buyer: number, eventId: string, seatIds: string[]): Promise<Bought> {
      const began = performance.now()
      const wish = { eventId, seatIds, ...card('tok_ok') }
      const { status, body } = await ask(buyer, 'POST', '/v1/orders', wish)
      return {
        status,
        code: body.code ?? '',
        orderId: body.id ?? '',
        ms: performance.now() - began,
      }
    },
    /** What a buyer sees of the hall; one who is told to come back in a second does. */
    async free(buyer: number, eventId: string): Promise<string[]> {
      for (let looks = 1; ; looks++) {
        const { status, body } = await ask(buyer, 'GET', `/v1/seats/map?eventId=${eventId}`)
        if (status === 200) return (body.ids as string[]).filter((_, i) => body.statuses[i] === 'A')
        if (status !== 503 || looks === looksMax)
          throw new Error(`the map was answered ${status} ${body.code ?? ''}`)
        await new Promise((resolve) => setTimeout(resolve, 1000))
      }
    },
    /** Lets every buyer do his part, `sockets` of them at a time. */
    async rush<Result>(part: (buyer: number) => Promise<Result>): Promise<Result[]> {
      const results: Result[] = []
      let next = 0
      const work = async () => {
        for (let buyer = next++; buyer < buyers; buyer = next++) results[buyer] = await part(buyer)
      }
      await Promise.all(Array.from({ length: sockets }, work))
      return results
    },
    close: () => agent.destroy(),
  }
}

/** How many answers there were of each kind. */
export const tally = (bought: readonly Bought[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(bought, ({ status, code }) => `${status} ${code}`.trim())]
      .map(([kind, all]): [string, number] => [kind, all.length])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

/** The time that all but one in a hundred were answered in, in milliseconds. */
export const p99 = (bought: readonly Bought[]): number =>
  Math.round(
    bought.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(bought.length * 0.99)] ?? 0,
  )

/** The same numbers for the same seed: mulberry32. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
