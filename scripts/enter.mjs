// The door to every command, in plain JavaScript because the machine's own Node may be too old for TypeScript:
// installs what is missing, then hands over to the Node 24 that the project brings along.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [command, ...args] = process.argv.slice(2)
const modules = join(root, 'node_modules')
const node = join(modules, 'node', 'bin', 'node')

if (!isInstalled()) {
  console.error('installing dependencies (npm ci), because node_modules is missing or out of date')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) {
    console.error('npm ci failed: see above; the registry must be reachable once')
    process.exit(status ?? 1)
  }
}

const env = { ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH}` }
const child = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', join(root, 'scripts', `${command}.ts`), ...args],
  { cwd: root, stdio: 'inherit', env },
)
// Ctrl-C reaches the child by itself; staying alive until it has tidied up is all there is to do here.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))

/** npm writes what it installed into node_modules/.package-lock.json; it must be what the lockfile says. */
function isInstalled() {
  const written = join(modules, '.package-lock.json')
  if (!existsSync(node) || !existsSync(written)) return false
  const versions = (file) =>
    Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages).filter(([path]) =>
      path.startsWith('node_modules/'),
    )
  const installed = new Map(versions(written).map(([path, { version }]) => [path, version]))
  return versions(join(root, 'package-lock.json')).every(
    ([path, { version, optional, link }]) => optional || link || installed.get(path) === version,
  )
}
