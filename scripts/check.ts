import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { generated } from './generated.ts'

/** `npm run check`: what must be true before anything runs. Says everything that is wrong, then fails. */
const steps: Record<string, () => string | undefined> = {
  format: () => command('oxfmt', ['--check', '.'], 'run npm run format'),
  lint: () => command('oxlint', ['--type-aware'], ''),
  types: () => command('tsc', [], ''),
  'generated files': () => {
    const stale = Object.entries(generated()).filter(([file, text]) => read(file) !== text)
    return stale.length > 0
      ? `${stale.map(([file]) => file).join(', ')}: run npm run generate`
      : undefined
  },
}

function command(name: string, args: string[], advice: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: 'utf8' })
  return status === 0 ? undefined : `${stdout}${stderr}${advice}`
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

let failed = 0
for (const [name, step] of Object.entries(steps)) {
  const wrong = step()
  console.log(wrong === undefined ? `ok   ${name}` : `FAIL ${name}\n${wrong}`)
  failed += wrong === undefined ? 0 : 1
}
process.exitCode = failed > 0 ? 1 : 0
