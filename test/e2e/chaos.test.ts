import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'

describe('npm run chaos', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-chaos-test-'))
  it.after(() => rmSync(folder, { recursive: true, force: true }))

  function start(...options: string[]) {
    const env = { ...process.env }
    for (const name of ['DATABASE_URL', 'REDIS_URL']) delete env[name]
    const child = spawn(process.execPath, ['scripts/chaos.ts', '--keep', folder, ...options], {
      env,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece) => (output += String(piece)))
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    return { child, ended, output: () => output }
  }

  it('sells through kills and a Redis without its data, and finds nothing wrong', async () => {
    const { ended, output } = start('--seed', '1', '--seconds', '6', '--faults', 'kill,redis-flush')
    const code = await ended
    // A machine that is busy may be too slow to reach the hard states; what was found would be 1.
    assert.ok(code === 0 || code === 3, output())
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))
    assert.equal(report.found, [])
    assert.ok(report.counters.kills.count > 0, 'something was killed')
    assert.ok(report.looks > 0, 'somebody looked while it ran')
    assert.equal(await left(), [])
  })

  it('ends on Ctrl-C, and leaves no process behind', async () => {
    const { child, ended, output } = start('--seed', '1', '--seconds', '60', '--faults', 'pause')
    while (!output().includes('seed 1')) await new Promise((resolve) => setTimeout(resolve, 50))
    child.kill('SIGINT')
    assert.is(await ended, 130, output())
    assert.match(output(), 'stopped by SIGINT')
    assert.equal(await left(), [])
  })

  it('refuses a fault that there is none of', async () => {
    const { ended, output } = start('--faults', 'earthquake')
    assert.equal([await ended, /no fault earthquake/.test(output())], [2, true])
  })

  /** What still runs out of its folder. The shell that wakes a frozen process may outlive it by seconds. */
  async function left(): Promise<string[]> {
    for (let tries = 0; tries < 50 && running().length > 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    return running()
  }

  function running(): string[] {
    return globSync('/proc/[0-9]*')
      .filter((process) => readAll(process, ['cmdline', 'environ']).includes(folder))
      .map((process) => readAll(process, ['cmdline']))
  }
})

/** What /proc tells of a process, where it may be read. */
function readAll(process: string, files: string[]): string {
  try {
    return files.map((file) => readFileSync(join(process, file), 'utf8')).join(' ')
  } catch {
    return ''
  }
}
