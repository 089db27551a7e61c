import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Random } from './random.ts'

/**
 * What is wrong with an edge. `slow`: every piece waits. `cut`: connections are reset, and new ones too. `silent`:
 * nothing passes and nobody is told, and what was on its way arrives once it is over, as TCP would send it again.
 * `sliced`: pieces of a few bytes. `deaf`: what writes arrives, and takes effect, and its answer is lost.
 */
export type Trouble =
  | { kind: 'none' }
  | { kind: 'slow'; ms: number }
  | { kind: 'cut' }
  | { kind: 'silent' }
  | { kind: 'sliced'; bytesMax: number }
  | { kind: 'deaf'; chance: number }

export type Edge = {
  name: string
  port: number
  /** What became of the traffic so far. */
  counts: { connections: number; reset: number; answersLost: number }
  /** Changes what is wrong with it, for open connections too. */
  trouble(next: Trouble): void
  close(): Promise<void>
}

export type EdgeOptions = {
  name: string
  /** The port behind it, asked at each connection. */
  target: () => number
  random: Random
  /** True for a piece from the client that changes something over there; only its answer can be lost. */
  isWrite: (piece: Buffer) => boolean
}

const none: Trouble = { kind: 'none' }

/** A TCP proxy on the loopback that spoils what passes. */
export async function openEdge({ name, target, random, isWrite }: EdgeOptions): Promise<Edge> {
  const counts = { connections: 0, reset: 0, answersLost: 0 }
  const links = new Set<{ reset(): void }>()
  let now: Trouble = none
  let over = Promise.withResolvers<void>()

  function reset(one: { reset(): void }): void {
    counts.reset += 1
    one.reset()
  }

  /** Hands a piece on as late, and in as many pieces, as things are. */
  async function pass(to: Socket, piece: Buffer): Promise<void> {
    while (now.kind === 'silent') await over.promise
    if (now.kind === 'slow') await sleep(now.ms * (0.5 + random.next()))
    if (now.kind !== 'sliced') return void to.write(piece)
    for (let at = 0; at < piece.length;) {
      const end = now.kind === 'sliced' ? at + random.between(1, now.bytesMax) : piece.length
      to.write(piece.subarray(at, end))
      at = end
      await sleep(1)
    }
  }

  function link(client: Socket): void {
    counts.connections += 1
    const upstream = connect({ port: target(), host: '127.0.0.1', noDelay: true })
    let isDeaf = false
    const own = {
      reset() {
        links.delete(own)
        for (const socket of [client, upstream]) socket.resetAndDestroy()
      },
    }
    links.add(own)
    carry(client, upstream, (piece) => {
      // Asked of every piece: what is prepared now may be run later.
      const writes = isWrite(piece)
      if (now.kind === 'deaf' && writes && random.happens(now.chance)) isDeaf = true
      return pass(upstream, piece)
    })
    carry(upstream, client, async (piece) => {
      if (!isDeaf) return pass(client, piece)
      counts.answersLost += 1
      own.reset()
    })
    for (const socket of [client, upstream])
      socket.on('close', () => void ended(socket === client ? upstream : client, own))
  }

  /** One side is gone; where the edge is silent, the other learns it only afterwards. */
  async function ended(other: Socket, own: { reset(): void }): Promise<void> {
    links.delete(own)
    while (now.kind === 'silent') await over.promise
    other.destroySoon()
  }

  const server = createServer({ noDelay: true }, (client) => {
    if (now.kind !== 'cut') return link(client)
    counts.reset += 1
    client.on('error', () => {})
    client.resetAndDestroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  return {
    name,
    port: (server.address() as AddressInfo).port,
    counts,
    trouble(next) {
      now = next
      over.resolve()
      over = Promise.withResolvers()
      if (next.kind === 'cut') for (const one of links) reset(one)
    },
    async close() {
      now = none
      over.resolve()
      const closed = new Promise((resolve) => server.close(resolve))
      for (const one of links) one.reset()
      await closed
    },
  }
}

/** Hands on what comes, one piece after the other; nothing more is read before it is gone. */
function carry(from: Socket, to: Socket, pass: (piece: Buffer) => Promise<void>): void {
  // Either side may break off at any time; its end is heard of by `close`.
  from.on('error', () => {})
  const handOn = async (piece: Buffer) => {
    from.pause()
    await pass(piece)
    if (to.writableNeedDrain) to.once('drain', () => from.resume())
    else from.resume()
  }
  from.on('data', (piece: Buffer) => void handOn(piece))
  from.on('end', () => to.end())
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
