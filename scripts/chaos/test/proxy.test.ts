import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { openEdge, type Edge } from '../proxy.ts'
import { createRandom } from '../random.ts'

describe('an edge', (it) => {
  let server: Server
  let heard: string[]
  let edge: Edge
  const open = new Set<Socket>()

  it.before(async () => {
    server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('data', (piece) => {
        heard.push(String(piece))
        socket.write(`took ${String(piece)}`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  it.beforeEach(async () => {
    heard = []
    edge = await openEdge({
      name: 'test',
      target: () => (server.address() as AddressInfo).port,
      random: createRandom(1),
      isWrite: (piece) => String(piece).startsWith('write'),
    })
  })
  it.afterEach(() => edge.close())
  it.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })

  it('hands on what passes, both ways', async () => {
    const peer = await dial(edge.port)
    peer.socket.write('hello')
    assert.is(await peer.next(), 'took hello')
    peer.socket.destroy()
  })

  it('that is slow holds every piece back', async () => {
    edge.trouble({ kind: 'slow', ms: 200 })
    const peer = await dial(edge.port)
    const start = performance.now()
    peer.socket.write('hello')
    assert.is(await peer.next(), 'took hello')
    assert.ok(performance.now() - start >= 200, 'a hundred at least each way')
    peer.socket.destroy()
  })

  it('that is cut resets open connections and new ones, until it is whole again', async () => {
    const before = await dial(edge.port)
    before.socket.write('hello')
    await before.next()
    edge.trouble({ kind: 'cut' })
    assert.is(await before.end(), 'ECONNRESET')
    const during = await dial(edge.port)
    assert.is(await during.end(), 'ECONNRESET')
    edge.trouble({ kind: 'none' })
    const after = await dial(edge.port)
    after.socket.write('again')
    assert.is(await after.next(), 'took again')
    after.socket.destroy()
    assert.is(edge.counts.reset, 2)
  })

  it('that is silent lets nothing through and tells nobody; it arrives once that is over', async () => {
    const peer = await dial(edge.port)
    edge.trouble({ kind: 'silent' })
    peer.socket.write('hello')
    assert.is(await Promise.race([peer.next(), later(200)]), undefined)
    assert.equal([heard, peer.socket.destroyed], [[], false])
    edge.trouble({ kind: 'none' })
    assert.is(await peer.next(), 'took hello')
    peer.socket.destroy()
  })

  it('that slices hands on a few bytes at a time, and all of them', async () => {
    edge.trouble({ kind: 'sliced', bytesMax: 3 })
    const peer = await dial(edge.port)
    peer.socket.write('abcdefghijkl')
    while (heard.join('') !== 'abcdefghijkl') await later(5)
    assert.ok(heard.length >= 4, heard.join('|'))
    peer.socket.destroy()
  })

  it('that is deaf lets a write arrive, loses its answer and resets; reads are answered', async () => {
    edge.trouble({ kind: 'deaf', chance: 1 })
    const reader = await dial(edge.port)
    reader.socket.write('read')
    assert.is(await reader.next(), 'took read')
    const writer = await dial(edge.port)
    writer.socket.write('write')
    assert.is(await writer.end(), 'ECONNRESET')
    assert.equal(heard, ['read', 'write'])
    assert.is(edge.counts.answersLost, 1)
    reader.socket.destroy()
  })
})

const later = (ms: number) =>
  new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined))

async function dial(port: number) {
  const socket = connect(port, '127.0.0.1')
  const pieces: string[] = []
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (err: NodeJS.ErrnoException) => resolve(String(err.code)))
    socket.on('end', () => resolve('end'))
  })
  let wake = () => {}
  socket.on('data', (piece) => {
    pieces.push(String(piece))
    wake()
  })
  // A reset may come before anything is heard of the connection itself.
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), ended])
  return {
    socket,
    end: () => ended,
    async next(): Promise<string | undefined> {
      if (pieces.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return pieces.shift()
    },
  }
}
