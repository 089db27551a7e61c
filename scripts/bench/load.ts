import { Agent, request } from 'node:http'

/** What the load generator is told over IPC, and what it answers. */
export type Load = {
  url: string
  seconds: number
  clients: number
  tokens: string[]
  orders: { key: string; body: string }[]
}
export type Loaded = {
  latenciesMs: number[]
  statuses: Record<number, number>
  elapsedMs: number
  isExhausted: boolean
}

/** A process of its own, so that it takes no time from what it measures but its share of the cores. */
process.once(
  'message',
  (load: Load) => void run(load).then((loaded) => process.send?.(loaded, () => process.exit(0))),
)

async function run({ url, seconds, clients, tokens, orders }: Load): Promise<Loaded> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const { hostname, port } = new URL(url)
  const latenciesMs: number[] = []
  const statuses: Record<number, number> = {}
  const start = performance.now()
  const end = start + seconds * 1000
  let next = 0

  const buy = (order: Load['orders'][number], token: string) =>
    new Promise<number>((resolve) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(order.body),
        'idempotency-key': order.key,
      }
      const outgoing = request(
        { agent, hostname, port, path: '/v1/orders', method: 'POST', headers },
        (incoming) => {
          incoming.resume()
          incoming.on('end', () => resolve(incoming.statusCode ?? 0))
        },
      )
      outgoing.setTimeout(30_000, () => outgoing.destroy())
      outgoing.on('error', () => resolve(0))
      outgoing.end(order.body)
    })

  async function client(): Promise<void> {
    while (performance.now() < end) {
      const order = orders[next++]
      if (!order) return
      const began = performance.now()
      const status = await buy(order, tokens[next % tokens.length] ?? '')
      latenciesMs.push(performance.now() - began)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  agent.destroy()
  return {
    latenciesMs,
    statuses,
    elapsedMs: performance.now() - start,
    isExhausted: next >= orders.length,
  }
}
