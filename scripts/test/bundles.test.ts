import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { bundle } from '../bundles.ts'

describe('a bundle', (it) => {
  const folder = mkdtempSync(join('node_modules', '.bundle-'))
  const entry = join(folder, 'entry.ts')
  const out = join(folder, 'out')
  const file = join(out, 'main.mjs')
  writeFileSync(
    entry,
    `type Seat = { label: string }

export function look(seat?: Seat): string {
  return seat!.label
}
try {
  look()
} catch (err) {
  console.log((err as Error).stack)
}
`,
  )
  const run = () => String(spawnSync(process.execPath, [file]).stdout)
  it.after(() => rmSync(folder, { recursive: true }))

  it('names the lines of its sources in a stack', async () => {
    await bundle(relative('', entry), out)
    const [message, first = '', second = ''] = run().split('\n')
    assert.is(message, "TypeError: Cannot read properties of undefined (reading 'label')")
    assert.match(first, /^ {4}at look \(.*entry\.ts:4:16\)$/)
    assert.match(second, /^ {4}at .*entry\.ts:7:3$/)
  })

  it('names them in what is imported later, too', async () => {
    const later = join(folder, 'later.ts')
    writeFileSync(later, `await import('./entry.ts')\n`)
    await bundle(relative('', later), out)
    assert.match(run(), /^ {4}at look \(.*entry\.ts:4:16\)$/m)
  })

  it('names itself where its map is missing', () => {
    for (const map of globSync(join(out, '*.map'))) rmSync(map)
    assert.match(run(), /at look \(file:.*entry-\w+\.mjs:\d+:\d+\)/)
  })

  it('cannot be given a bug by the environment', async () => {
    const look = (from: string) =>
      `import { isPlanted } from '${from}functions/_runtime/planted.ts'
console.log(isPlanted('redis-decides'))
`
    writeFileSync(entry, look('../../'))
    const plant = { env: { ...process.env, PLANTED_BUG: 'redis-decides' } }
    await bundle(relative('', entry), out)
    assert.is(String(spawnSync(process.execPath, [file], plant).stdout), 'false\n')
    const source = ['--input-type=module', '--eval', look('./')]
    assert.is(String(spawnSync(process.execPath, source, plant).stdout), 'true\n')
  })

  it('reads of a part of Node what it names, and does not load what comes with the rest', async () => {
    const look = `import { deepEqual } from 'node:assert'
import http, { createServer } from 'node:http'
import * as path from 'node:path'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
console.log(typeof createServer, createServer === http.createServer, path.join('a', 'b'))
console.log(typeof Redis, typeof Registry, typeof deepEqual)
console.log(process.moduleLoadList.filter((name) => / (https|tls|zlib|http2|.*undici)$/.test(name)))
`
    writeFileSync(entry, look)
    await bundle(relative('', entry), out)
    assert.is(run(), 'function true a/b\nfunction function function\n[]\n')
    // What the sources load, by which it is known that the check can fail.
    const source = spawnSync(process.execPath, ['--input-type=module', '--eval', look])
    assert.match(String(source.stdout), /undici/)
  })

  it('keeps the figures of the process, which are read at a scrape', async () => {
    writeFileSync(
      entry,
      `import { collectDefaultMetrics, Registry } from 'prom-client'
const register = new Registry()
collectDefaultMetrics({ register })
console.log((await register.metrics()).includes('nodejs_heap_space_size_used_bytes'))
process.exit()
`,
    )
    await bundle(relative('', entry), out)
    assert.is(run(), 'true\n')
  })

  it('has no line that would fill a screen', async () => {
    await bundle('functions/gateway/main.ts', out)
    const chunks = globSync(join(out, '*.mjs'))
    assert.ok(chunks.length > 3)
    const lines = chunks.flatMap((chunk) => readFileSync(chunk, 'utf8').split('\n'))
    assert.ok(Math.max(...lines.map(({ length }) => length)) < 10_000)
  })
})
