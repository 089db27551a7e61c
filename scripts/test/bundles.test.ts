import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { bundle } from '../bundles.ts'

describe('a bundle', (it) => {
  const folder = mkdtempSync(join('node_modules', '.bundle-'))
  const entry = join(folder, 'entry.ts')
  const file = join(folder, 'out', 'entry.mjs')
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
    await bundle(relative('', entry), file)
    const [message, first = '', second = ''] = run().split('\n')
    assert.is(message, "TypeError: Cannot read properties of undefined (reading 'label')")
    assert.match(first, /^ {4}at look \(.*entry\.ts:4:16\)$/)
    assert.match(second, /^ {4}at .*entry\.ts:7:3$/)
  })

  it('names itself where its map is missing', () => {
    rmSync(`${file}.map`)
    assert.match(run(), /at look \(file:.*entry\.mjs:\d+:\d+\)/)
  })

  it('cannot be given a bug by the environment', async () => {
    const look = (from: string) =>
      `import { isPlanted } from '${from}functions/_runtime/planted.ts'
console.log(isPlanted('redis-decides'))
`
    writeFileSync(entry, look('../../'))
    const plant = { env: { ...process.env, PLANTED_BUG: 'redis-decides' } }
    await bundle(relative('', entry), file)
    assert.is(String(spawnSync(process.execPath, [file], plant).stdout), 'false\n')
    const source = ['--input-type=module', '--eval', look('./')]
    assert.is(String(spawnSync(process.execPath, source, plant).stdout), 'true\n')
  })

  it('has no line that would fill a screen', async () => {
    await bundle('functions/gateway/main.ts', file)
    const lines = readFileSync(file, 'utf8').split('\n')
    assert.ok(Math.max(...lines.map(({ length }) => length)) < 10_000)
  })
})
