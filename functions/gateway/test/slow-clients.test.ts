import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { gatewayEnv, sendRaw } from './support.ts'

const slowEach = 200
/** Both ends of each are files of this machine, one in each process. */
const files = process.report.getReport() as {
  userLimits: { open_files: { soft: number | string } }
}
const { soft } = files.userLimits.open_files
const idle = Math.min(10_000, typeof soft === 'number' ? soft - 1500 : Infinity)

describe('clients that are slow on purpose', (it) => {
  let behind: Awaited<ReturnType<typeof gatewayEnv>>
  let child: ChildProcess
  let port = 0
  let bearer = ''
  let begun = 0
  it.before(async () => {
    behind = await gatewayEnv({
      orders: (incoming, outgoing) => {
        begun += 1
        incoming.resume().on('end', () => outgoing.end('[]'))
      },
      catalog: (_, outgoing) => void outgoing.end('[]'),
      seating: (_, outgoing) => void outgoing.end(Buffer.alloc(30_000_000)),
    })
    const env = {
      ...behind.env,
      PORT: '0',
      HOST: '127.0.0.1',
      CLIENTS_AT_ONCE: String(idle + 500),
      REQUEST_SECONDS: '12',
    }
    child = fork(new URL('../main.ts', import.meta.url), { env })
    ;[{ port }] = (await once(child, 'message')) as [{ port: number }]
    bearer = `authorization: Bearer ${await accessToken(newId())}\r\n`
    await sendRaw(port, 'GET /v1/events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  })
  it.after(async () => {
    child.kill('SIGKILL')
    await behind.close()
    await endTesting()
  })

  /** Sends `head`, then a byte of `rest` each half second; says what came back and after how long. */
  function trickle(head: string, rest: string): Promise<{ answer: string; ms: number }> {
    const start = performance.now()
    return new Promise((resolve) => {
      let answer = ''
      let at = 0
      const socket = connect(port, '127.0.0.1', () => socket.write(head))
      const timer = setInterval(() => socket.write(rest[at++ % rest.length] as string), 500)
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
      socket.on('error', () => {})
      socket.on('close', () => {
        clearInterval(timer)
        resolve({ answer, ms: performance.now() - start })
      })
    })
  }

  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const get = () =>
    new Promise<number>((resolve, reject) => {
      const start = performance.now()
      request({ agent, port, host: '127.0.0.1', path: '/v1/events' }, (answer) => {
        answer.resume().on('end', () => resolve(performance.now() - start))
        if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`))
      })
        .on('error', reject)
        .end()
    })

  async function p99(ms: number): Promise<number> {
    const all: number[] = []
    for (const end = performance.now() + ms; performance.now() < end;) {
      all.push(await get())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.99)] as number
  }

  it('are cut off at five seconds in the headers and at ten in the body; nobody else notices', async () => {
    const usual = await p99(3000)
    const [headers, bodies, silent] = [
      'GET /v1/events HTTP/1.1\r\nhost: a\r\nx-slow: ',
      `POST /v1/orders HTTP/1.1\r\nhost: a\r\n${bearer}content-length: 1000\r\n\r\n{`,
      '',
    ].map((head) =>
      Array.from({ length: head === '' ? 50 : slowEach }, () =>
        head === '' ? untilClosed(port) : trickle(head, 'x'),
      ),
    )
    const meanwhile = await p99(9000)
    for (const { answer, ms } of [
      ...(await Promise.all(headers ?? [])),
      ...(await Promise.all(silent ?? [])),
    ]) {
      assert.ok(ms > 4500 && ms < 9500, `${ms} ms`)
      assert.match(answer, /^HTTP\/1\.1 408 /)
      assert.match(answer, '"code":"request-too-slow"')
    }
    for (const { answer, ms } of await Promise.all(bodies ?? [])) {
      assert.ok(ms > 9500 && ms < 16_000, `${ms} ms`)
      assert.match(answer, /^HTTP\/1\.1 408 /)
    }
    assert.is(begun, 0, 'no function ever heard of them')
    assert.ok(meanwhile <= Math.max(2 * usual, 150), `p99 ${meanwhile} ms, usually ${usual} ms`)
  })

  it('that do not read what they asked for are cut off when the time of a request is over', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET /v1/seats/map?eventId=${newId()} HTTP/1.1\r\nhost: a\r\n\r\n`)
    socket.pause()
    const start = performance.now()
    // Only a read tells that the other side has closed.
    await new Promise((resolve) => setTimeout(resolve, 14_000))
    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length)).resume()
    await once(socket, 'close')
    assert.ok(bytes < 30_000_000, `${bytes} bytes`)
    assert.ok(performance.now() - start < 25_000)
  })

  it('may be ten thousand that wait: others are served, and one too many is told so', async () => {
    const sockets: Socket[] = []
    const end = () => sockets.forEach((socket) => socket.destroy())
    try {
      for (let i = 0; i < idle; i += 200)
        await Promise.all(
          Array.from({ length: 200 }, () => {
            const socket = connect(port, '127.0.0.1')
            sockets.push(socket.on('error', () => {}))
            socket.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')
            return once(socket, 'data')
          }),
        )
      const during = await p99(2000)
      assert.ok(during < 500, `p99 ${during} ms`)
      const told = await Promise.all(
        Array.from({ length: 700 }, () => {
          const socket = connect(port, '127.0.0.1')
          sockets.push(socket.on('error', () => {}))
          return Promise.race([
            once(socket, 'data').then(([chunk]) => String(chunk)),
            once(socket, 'close').then(() => 'closed'),
            new Promise<string>((resolve) => setTimeout(resolve, 3000, 'open')),
          ])
        }),
      )
      const refused = told.filter((text) => text.startsWith('HTTP/1.1 503 '))
      assert.ok(refused.length >= 190, `${refused.length} were told`)
      assert.match(refused[0] ?? '', '"code":"busy"')
      assert.match(refused[0] ?? '', 'retry-after: 1')
    } finally {
      end()
    }
    assert.ok((await get()) < 5000)
    agent.destroy()
  })
})

/** A connection that says nothing at all. */
function untilClosed(port: number): Promise<{ answer: string; ms: number }> {
  const start = performance.now()
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve({ answer, ms: performance.now() - start }))
  })
}
