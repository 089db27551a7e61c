import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../test.ts'

/** A function that takes `loadMs` to load and answers /slow after a second. */
const program = (loadMs: number) => `
  import { serve } from '${resolve('functions/_runtime/serve.ts')}'
  await serve(async () => {
    await new Promise((r) => setTimeout(r, ${loadMs}))
    return {
      answer: { fetch: async (request) => {
        if (new URL(request.url).pathname === '/slow') await new Promise((r) => setTimeout(r, 1000))
        return new Response('done')
      } },
      close: async () => console.log('closed'),
    }
  })`

describe('a function as a process', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-serve-'))

  async function start(loadMs = 0) {
    const file = join(folder, `${loadMs}.ts`)
    writeFileSync(file, program(loadMs))
    const child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...process.env, PORT: '0', HOST: '127.0.0.1' },
    })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    const { port } = await new Promise<{ port: number }>((done) =>
      child.once('message', (m) => done(m as { port: number })),
    )
    return { child, port, output: () => output }
  }
  const get = (port: number, path: string) =>
    new Promise<string>((done, fail) => {
      request({ port, path, host: '127.0.0.1' }, (incoming) => {
        let text = ''
        incoming.on('data', (chunk) => (text += chunk))
        incoming.on('end', () => done(text))
      })
        .on('error', fail)
        .end()
    })
  const exit = (child: ChildProcess) =>
    new Promise((done) => child.once('exit', (code, signal) => done(signal ?? code)))

  it('listens before it is loaded: health at once, other requests as soon as it is there', async () => {
    const { child, port } = await start(700)
    const began = performance.now()
    const waiting = get(port, '/anything')
    assert.match(await get(port, '/health'), /ok/)
    assert.ok(performance.now() - began < 400)
    assert.is(await waiting, 'done')
    assert.ok(performance.now() - began > 400)
    child.kill('SIGTERM')
    await exit(child)
  })

  it('ends what is in flight on SIGTERM, takes nothing new, closes, and exits with 0', async () => {
    const { child, port, output } = await start()
    await get(port, '/warm')
    const inFlight = get(port, '/slow')
    await new Promise((done) => setTimeout(done, 100))
    const ended = exit(child)
    child.kill('SIGTERM')
    assert.is(await inFlight, 'done')
    assert.is(await ended, 0)
    assert.match(output(), /closed/)
    await get(port, '/late').then(
      () => assert.unreachable('nobody listens any more'),
      () => {},
    )
  })

  it('stops when the process that started it is gone', async () => {
    const { child } = await start()
    const ended = exit(child)
    child.disconnect()
    assert.is(await ended, 0)
  })

  it('cuts headers that trickle in after five seconds', async () => {
    const { child, port } = await start()
    const began = performance.now()
    const answer = await new Promise<string>((done) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-A: ')
      socket.on('data', (chunk) => (text += chunk))
      socket.on('close', () => done(text))
    })
    const ms = performance.now() - began
    assert.match(answer, /408/)
    assert.ok(ms > 4500 && ms < 7500, `${ms} ms`)
    child.kill('SIGTERM')
    await exit(child)
  })
})
