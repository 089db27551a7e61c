import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const version = 'v0.203.0'
const cache = resolve('node_modules/.cache/boxoffice/stripe-mock')
const binary = join(cache, `stripe-mock-${version}`)
const buildMsMax = 120_000
const startMsMax = 30_000

/** Builds Stripe's own stripe-mock once; without a file, and with the reason, where Go or the module cannot be had. */
export async function stripeMock(): Promise<{ file?: string; reason: string }> {
  if (existsSync(binary)) return { file: binary, reason: '' }
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'building-'))
  try {
    await promisify(execFile)('go', ['install', `github.com/stripe/stripe-mock@${version}`], {
      env: { ...process.env, GOBIN: folder },
      timeout: buildMsMax,
    })
    renameSync(join(folder, 'stripe-mock'), binary)
    return { file: binary, reason: '' }
  } catch (err) {
    return { reason: `stripe-mock ${version} cannot be built here: ${String(err).split('\n')[0]}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs it on free ports, behind a proxy that writes down what was asked and can lose an answer. */
export async function startStripeMock(file: string) {
  const addresses = ['-http-addr', '127.0.0.1:0', '-https-addr', '127.0.0.1:0']
  const child = spawn(file, addresses, { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>((found, fail) => {
    const timer = setTimeout(() => fail(new Error('stripe-mock does not listen')), startMsMax)
    let text = ''
    child.once('exit', (code) => fail(new Error(`stripe-mock ended with ${code}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [, given] = /HTTP at address: 127\.0\.0\.1:(\d+)/.exec(text) ?? []
      if (given) found(given)
      if (given) clearTimeout(timer)
    })
  })
  const asked: { method: string; path: string; key: string | undefined; status: number }[] = []
  let lost = 0
  const proxy = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        const key = headers['idempotency-key']
        const status = answer.statusCode ?? 0
        asked.push({ method, path: url.split('?')[0] ?? '', key: key && String(key), status })
        if (lost > 0) {
          lost -= 1
          incoming.socket.resetAndDestroy()
        } else outgoing.writeHead(status, answer.headers).end(Buffer.concat(chunks))
      })
    })
    incoming.pipe(onward)
  })
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    /** The next answer never arrives, though its work is done. */
    loseAnswer: () => (lost += 1),
    async close() {
      const ended = new Promise((done) => child.once('exit', done))
      child.kill()
      await ended
      proxy.closeAllConnections()
      await new Promise((closed) => proxy.close(closed))
    },
  }
}
