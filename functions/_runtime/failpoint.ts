import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Places where tests end the process as a crash would: `FAILPOINTS=payments.charged` kills it when it gets
 * there, with the signal that leaves no time to tidy up; with `FAILPOINTS_ONCE`, a folder, only the first time
 * that any process does. Without the setting this costs one look.
 */
const { FAILPOINTS = '', FAILPOINTS_ONCE: marks } = process.env
const armed = new Set(FAILPOINTS.split(',').filter(Boolean))

export function failpoint(name: string): void {
  if (armed.size === 0 || !armed.has(name)) return
  if (marks) {
    const mark = join(marks, name)
    if (existsSync(mark)) return
    writeFileSync(mark, '')
  }
  process.kill(process.pid, 'SIGKILL')
}
