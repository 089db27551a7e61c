import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { startRedis } from '../../../compose/local/redis.ts'
import { jwksKey } from '../../_runtime/edge.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { watchStreams } from '../streams.ts'
import { mirror, openGateway, portOf, signed, until, type Gateway } from './support.ts'

const now = () => Math.floor(Date.now() / 1000)
const token = async (sub: string, more: Record<string, unknown> = {}) =>
  signed(
    { typ: 'at+jwt' },
    { iss: 'boxoffice', aud: 'boxoffice', sub, iat: now(), exp: now() + 900, ...more },
  )

describe('a ban', (it) => {
  let gateway: Gateway
  const { listener } = mirror()
  const set = (id: string) => gateway.deps.redis.attempt((client) => client.set(`ban:${id}`, '1'))
  const lift = (id: string) => gateway.deps.redis.attempt((client) => client.del(`ban:${id}`))
  const ask = (bearer: string, path = '/v1/orders') =>
    gateway.ask('GET', path, { headers: { authorization: `Bearer ${bearer}` } })
  it.before(
    async () =>
      (gateway = await openGateway({
        orders: (incoming, outgoing) => {
          if (!incoming.url?.endsWith('/stream')) return listener(incoming, outgoing)
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        },
        catalog: listener,
      })),
  )
  it.after(() => gateway.close())

  it('of a user holds for all of his tokens, at once, everywhere, until it is lifted', async () => {
    const id = newId()
    const tokens = [await token(id), await token(id, { sid: newId() })]
    for (const one of tokens) assert.is((await ask(one)).status, 200)
    await set(id)
    for (const one of tokens)
      for (const path of ['/v1/orders', '/v1/events']) {
        const { status, body } = await ask(one, path)
        assert.is(status, 403)
        assert.is(body.code, 'account-banned')
      }
    await lift(id)
    for (const one of tokens) assert.is((await ask(one)).status, 200)
  })

  it('of a session or of a key ends its tokens alone', async () => {
    for (const claim of ['sid', 'key']) {
      const [id, ended] = [newId(), newId()]
      await set(ended)
      const { status, body } = await ask(await token(id, { [claim]: ended }))
      assert.is(status, 401)
      assert.is(body.code, 'token-revoked')
      assert.is((await ask(await token(id, { [claim]: newId() }))).status, 200)
      assert.is((await ask(await token(id))).status, 200)
    }
  })

  it('ends the streams that began before it, within five seconds', async () => {
    const watch = watchStreams(gateway.deps)
    const [id, other] = [newId(), newId()]
    const open = async (user: string) => {
      const headers = { authorization: `Bearer ${await token(user)}` }
      const url = `http://127.0.0.1:${gateway.port}/v1/orders/${newId()}/stream`
      const { body } = await fetch(url, { headers })
      const reader = (body as ReadableStream).getReader()
      const end = { at: 0 }
      const note = () => (end.at = performance.now())
      void reader.read().then(note, note)
      return { reader, end }
    }
    const [banned, free] = [await open(id), await open(other)]
    assert.is(gateway.deps.openStreams.size, 2)
    const start = performance.now()
    await set(id)
    while (banned.end.at === 0 && performance.now() - start < 15_000)
      await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(banned.end.at > 0, 'it ends')
    assert.ok(banned.end.at - start < 7000, `${banned.end.at - start} ms`)
    assert.is(free.end.at, 0)
    await free.reader.cancel()
    assert.ok(await until(() => gateway.deps.openStreams.size === 0))
    watch.close()
  })
})

/** Passes bytes to a server until it is told to hold them back, as a frozen one would. */
async function hangable(url: string) {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let isHanging = false
  const server: Server = createServer((client) => {
    const onward = connect(Number(port), hostname)
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => (client.destroy(), onward.destroy()))
    }
    client.on('data', (bytes) => isHanging || onward.write(bytes))
    onward.on('data', (bytes) => isHanging || client.write(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `redis://127.0.0.1:${portOf(server as never)}`,
    hang: (yes: boolean) => {
      isHanging = yes
      if (!yes) for (const socket of sockets) socket.destroy()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('a ban, while Redis does not answer', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-bans-'))
  let redis: Awaited<ReturnType<typeof startRedis>>
  let proxy: Awaited<ReturnType<typeof hangable>>
  let gateway: Gateway
  const { listener } = mirror()
  it.before(async () => {
    redis = await startRedis({ folder, isDurable: false, say: () => {} })
    proxy = await hangable(redis.url)
    gateway = await openGateway({ orders: listener }, { REDIS_URL: proxy.url })
    const client = new Redis(redis.url)
    await client.set(jwksKey, gateway.jwks)
    await client.set('ban:banned', '1')
    await client.quit()
  })
  it.after(async () => {
    await gateway.close()
    proxy.close()
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const ask = (bearer: string) =>
    gateway.ask('GET', '/v1/orders', { headers: { authorization: `Bearer ${bearer}` } })

  it('is what was last known; who was never seen shows a token that users has just given', async () => {
    const old = { iat: now() - 600 }
    const [seen, banned] = [await token(newId(), old), await token('banned', old)]
    assert.is((await ask(seen)).status, 200)
    assert.is((await ask(banned)).status, 403)

    proxy.hang(true)
    for (let i = 0; i < 6; i++) {
      const start = performance.now()
      assert.is((await ask(seen)).status, 200, 'sales go on')
      const ms = performance.now() - start
      assert.ok(ms < 1000, `${ms} ms`)
    }
    const again = await ask(await token('banned'))
    assert.is(again.status, 403, 'by another token as well')
    assert.is(again.body.code, 'account-banned')
    const unseen = await ask(await token(newId(), old))
    assert.is(unseen.status, 401)
    assert.is(unseen.body.code, 'not-signed-in')
    assert.is((await ask(await token(newId()))).status, 200)

    proxy.hang(false)
    const back = await token(newId(), old)
    const start = performance.now()
    let status = 0
    while (status !== 200 && performance.now() - start < 15_000) {
      status = (await ask(back)).status
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.is(status, 200)
    assert.is((await ask(await token('banned'))).status, 403)
  })
})
