import { spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { functionNames } from '../../contracts/functions.ts'
import { bundle, bundles, entryOf, sourceFiles } from '../bundles.ts'

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

  it('is made anew when any of its sources changes', async () => {
    const known = new Set(sourceFiles())
    const { metafile } = await build({
      entryPoints: [...functionNames, 'front', 'together'].map(entryOf),
      outdir: out,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    })
    const sources = Object.keys(metafile.inputs)
    assert.ok(sources.includes('compose/emulator/serving/call.ts'))
    assert.equal(
      sources.filter((source) => !known.has(source)),
      [],
    )
  })

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
    const chunks = globSync(join(out, '*.{mjs,cjs}'))
    assert.ok(chunks.length > 3)
    const lines = chunks.flatMap((chunk) => readFileSync(chunk, 'utf8').split('\n'))
    assert.ok(Math.max(...lines.map(({ length }) => length)) < 10_000)
  })

  it('is deleted when it is two days old, but not while somebody runs from it', async () => {
    const ended = spawnSync(process.execPath, ['--version']).pid
    const folders = ['old', 'used', 'new'].map((name) =>
      join('node_modules/.cache/boxoffice/bundles', `test-${process.pid}-${name}`),
    )
    const ages = [3, 3, 1]
    for (const [i, one] of folders.entries()) {
      mkdirSync(one, { recursive: true })
      writeFileSync(join(one, `.used-by-${i === 1 ? process.pid : ended}`), '')
      const made = new Date(Date.now() - (ages[i] as number) * 24 * 60 * 60_000)
      utimesSync(one, made, made)
    }
    await bundles(['gateway'])
    assert.equal(folders.map(existsSync), [false, true, true])
    for (const one of folders) rmSync(one, { recursive: true, force: true })
  })
})

describe('what a bundle runs once it listens', (it) => {
  const folder = mkdtempSync(join('node_modules', '.bundle-'))
  const out = join(folder, 'out')
  const cache = join(folder, 'cache')
  const kept = () => globSync(join(cache, '*', '*.compiled'))
  it.after(() => rmSync(folder, { recursive: true }))

  async function bundled(start: string) {
    rmSync(out, { recursive: true, force: true })
    rmSync(cache, { recursive: true, force: true })
    writeFileSync(join(folder, 'start.ts'), start)
    writeFileSync(
      join(folder, 'main.ts'),
      `const { start } = await import('./start.ts')\nstart()\n`,
    )
    await bundle(relative('', join(folder, 'main.ts')), out)
  }
  const run = () => {
    const env = { ...process.env, NODE_COMPILE_CACHE: cache }
    const { stdout, status } = spawnSync(process.execPath, [join(out, 'main.mjs')], { env })
    return { output: String(stdout), status }
  }

  it('keeps what it has compiled when it ends, and begins with that', async () => {
    await bundled(`export const start = () => console.log('began')\n`)
    assert.equal(run(), { output: 'began\n', status: 0 })
    const [file = '', ...others] = kept()
    assert.is(others.length, 0)
    const made = statSync(file)
    assert.equal(run(), { output: 'began\n', status: 0 })
    assert.is(statSync(file).ino, made.ino)
  })

  it('runs without what another V8, or half a disk, has left there, and replaces it', async () => {
    await bundled(`export const start = () => console.log('began')\n`)
    run()
    const [file = ''] = kept()
    const whole = readFileSync(file)
    for (const bad of [whole.subarray(0, 100), Buffer.alloc(whole.length), Buffer.from('')]) {
      writeFileSync(file, bad)
      assert.equal(run(), { output: 'began\n', status: 0 })
      assert.equal(readFileSync(file).subarray(0, 8), whole.subarray(0, 8))
    }
  })

  it('keeps nothing where it failed', async () => {
    await bundled(`export const start = () => { throw new Error('no') }\n`)
    assert.is(run().status, 1)
    assert.equal(kept(), [])
  })

  it('names the lines of its sources in a stack', async () => {
    await bundled(`type Seat = { label: string }

export function start(seat?: Seat) {
  try {
    return seat!.label
  } catch (err) {
    return console.log((err as Error).stack)
  }
}
`)
    assert.match(run().output, /^ {4}at start \(.*start\.ts:5:18\)$/m)
    assert.match(run().output, /^ {4}at start \(.*start\.ts:5:18\)$/m)
  })
})
