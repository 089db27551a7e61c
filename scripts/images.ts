import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { functionNames } from '../contracts/functions.ts'
import { round, table } from './bench/figures.ts'
import { commandLine, refuse } from './command-line.ts'
import { docker, needEngine, type Finished } from './images/docker.ts'

/** What runs beside the functions, from the same Dockerfile. */
const besides = globSync('{compose,scripts}/*/main.ts').map((file) => basename(dirname(file)))

const usage = `npm run images -- [options] [NAME…]

  NAME             a function, or ${besides.join(', ')}; all of them where none is named
  --tag TAG        one more tag besides the version of package.json and latest
  --network MODE   the network of the build, such as host where the engine's own has no DNS
  --cold-start     then start each function's container a few times, beside an empty node:http server`

const base = 'node:24-bookworm-slim'
const mibMax = 15
const atOnce = 2

const { values, positionals } = commandLine(usage, {
  allowPositionals: true,
  options: {
    tag: { type: 'string' },
    network: { type: 'string' },
    'cold-start': { type: 'boolean', default: false },
  },
})
const all: string[] = [...functionNames, ...besides.toSorted()]
const names = positionals.length > 0 ? positionals : all
for (const name of names)
  if (!all.includes(name)) refuse(`there is no image ${name}: there are ${all.join(', ')}`)
await needEngine()

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const revision = await revisionOf()
const began = performance.now()
console.log(`building ${names.length} images, version ${version}, revision ${revision}`)
// The first one fills the builder's cache with what all have in common.
const [first = '', ...others] = names
await build(first)
await Promise.all(Array.from({ length: atOnce }, work))
console.log(`built in ${seconds(began)}`)
await printSizes()
if (values['cold-start']) {
  const { benchContainers } = await import('./images/cold-start.ts')
  await benchContainers(
    functionNames.filter((name) => names.includes(name)),
    version,
  )
}

async function work(): Promise<void> {
  for (let name = others.shift(); name; name = others.shift()) await build(name)
}

async function build(name: string): Promise<void> {
  const start = performance.now()
  const tags = [version, 'latest', ...(values.tag ? [values.tag] : [])]
  const args = Object.entries({ FUNCTION: name, VERSION: version, REVISION: revision })
  const built = await docker([
    'build',
    '--file=functions/Dockerfile',
    ...(values.network ? [`--network=${values.network}`] : []),
    ...args.map(([key, value]) => `--build-arg=${key}=${value}`),
    ...tags.map((tag) => `--tag=boxoffice/${name}:${tag}`),
    '.',
  ])
  if (built.code !== 0) fail(`boxoffice/${name} was not built`, built)
  console.log(`  boxoffice/${name} ${seconds(start)}`)
}

/** The commit that the images are made from; what is not committed shows in it. */
async function revisionOf(): Promise<string> {
  const { execFileSync } = await import('node:child_process')
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}

async function printSizes(): Promise<void> {
  const sizeOf = async (image: string) =>
    Number((await docker(['image', 'inspect', '--format={{.Size}}', image])).stdout)
  const baseBytes = await sizeOf(base)
  const sizes = await Promise.all(
    names.map(async (name) => {
      const bytes = await sizeOf(`boxoffice/${name}:${version}`)
      return { name, mib: round((bytes - baseBytes) / 2 ** 20, 1), bytes }
    }),
  )
  console.log(
    table(
      ['image', 'MiB over the base', 'MiB in all'],
      [
        ...sizes.map(({ name, mib, bytes }) => [`boxoffice/${name}`, mib, inMib(bytes)]),
        [base, 0, inMib(baseBytes)],
      ],
    ),
  )
  const large = sizes.filter(({ mib }) => !(mib <= mibMax))
  if (large.length === 0) return
  console.error(`over ${mibMax} MiB: ${large.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

function inMib(bytes: number): number {
  return round(bytes / 2 ** 20)
}

function seconds(since: number): string {
  return `${round((performance.now() - since) / 1000, 1)} s`
}

function fail(what: string, { stdout, stderr }: Finished): never {
  console.error(`${what}:\n${`${stdout}${stderr}`.split('\n').slice(-40).join('\n')}`)
  process.exit(1)
}
