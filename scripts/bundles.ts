import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import {
  builtinsByName,
  figuresAtScrape,
  inScript,
  scriptOf,
  seldomUsedLater,
  withoutUnused,
} from './bundle-plugins.ts'

const cache = resolve('node_modules/.cache/boxoffice')

/** A folder a function, made anew only when a source has changed; gives the file of each that is run. */
export async function bundles(names: readonly string[]): Promise<(name: string) => string> {
  const folder = join(cache, 'bundles', sourcesHash())
  const fileOf = (name: string) => join(folder, name, 'main.mjs')
  await Promise.all(
    names.filter((name) => !existsSync(fileOf(name))).map((name) => add(folder, name)),
  )
  writeFileSync(join(folder, `${userMark}${process.pid}`), '')
  forgetOld()
  return fileOf
}

/** Each change of a source makes another fifty megabytes. */
const keptMs = 2 * 24 * 60 * 60_000
/** In a folder of bundles, with the id of each process that asked for it: a file makes the folder young, too. */
const userMark = '.used-by-'

/** Deletes what is two days old and nobody runs from. */
function forgetOld(): void {
  for (const path of globSync(['bundles/*', 'compiled/*/*'], { cwd: cache }).map(inCache)) {
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {}
    if (mtimeMs !== undefined && Date.now() - mtimeMs > keptMs && !isUsed(path))
      rmSync(path, { recursive: true, force: true })
  }
}

/** A system that runs for days still reads from its folder whenever a function starts. */
const isUsed = (folder: string) =>
  globSync(`${userMark}*`, { cwd: folder }).some((mark) => isAlive(mark.slice(userMark.length)))

function isAlive(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0)
  } catch (err) {
    // It is there, and somebody else's.
    return (err as { code?: string }).code === 'EPERM'
  }
}

const inCache = (path: string) => join(cache, path)

/** Under another name until it is whole: somebody else may start at the same time, or stop us in the middle. */
async function add(folder: string, name: string): Promise<void> {
  const draft = join(folder, `${name}.${process.pid}`)
  await bundle(entryOf(name), draft)
  try {
    renameSync(draft, join(folder, name))
  } catch (err) {
    // The other was first, and may run from it already: the same sources gave the same files.
    rmSync(draft, { recursive: true })
    if (!existsSync(join(folder, name, 'main.mjs'))) throw err
  }
}

/** The source that runs as `name`. */
export function entryOf(name: string): string {
  const entry = ['functions', 'compose', 'scripts']
    .map((parent) => `${parent}/${name}/main.ts`)
    .find((file) => existsSync(file))
  if (!entry) throw new Error(`there is no main.ts of "${name}"`)
  return entry
}

/** V8's compiled code, kept between starts: a cold start then parses nothing. */
export const compileCache = join(cache, 'compiled')

/**
 * All that `entry` imports as `folder`/main.mjs and the chunks beside it, each with its source map. What is imported
 * dynamically is in chunks of its own: a process reads what it needs by then, and listens before it reads the rest.
 * All that a function has beyond that is one script (`bundled-script.ts`).
 * A dynamic import of CommonJS gives `default` alone here, as its names are not known before it runs.
 */
export async function bundle(entry: string, folder: string): Promise<void> {
  const source = scriptOf(dirname(entry))
  const script = source ? [inScript(dirname(entry), await bundleScript(source, folder))] : []
  await build({
    ...common,
    stdin: {
      contents: `import './scripts/bundled-traces.ts'\nimport './${entry}'`,
      resolveDir: process.cwd(),
      sourcefile: 'main.js',
    },
    outdir: folder,
    entryNames: 'main',
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    splitting: true,
    format: 'esm',
    // Some dependencies are CommonJS and require Node's own modules.
    banner: {
      js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);",
    },
    plugins: [...script, ...plugins],
  })
}

/** Gives the script's name in `folder`. It is a function of what CommonJS gives a module. */
async function bundleScript(source: string, folder: string): Promise<string> {
  const { metafile } = await build({
    ...common,
    stdin: { contents: source, resolveDir: process.cwd(), sourcefile: 'script.js' },
    outdir: folder,
    entryNames: 'script-[hash]',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    banner: { js: '(function(exports,require,module){' },
    footer: { js: '})' },
    plugins,
    metafile: true,
  })
  const script = Object.keys(metafile.outputs).find((file) => file.endsWith('.cjs'))
  return basename(script ?? '')
}

const plugins = [withoutUnused, builtinsByName, seldomUsedLater, figuresAtScrape]

const common = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Less to read at each start. Names stay, because MikroORM and the logs show them, and lines stay short,
  // because Node prints the line where a process died.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  sourcemap: 'linked',
  sourcesContent: false,
  // Optional native parts that nobody installs here.
  external: ['pg-native'],
  define: {
    // What is bundled cannot be given a bug.
    'process.env.PLANTED_BUG': 'undefined',
    // Of WebSockets, which no function has; to ask whether Node has it loads Node's HTTP client.
    'globalThis.CloseEvent': 'undefined',
  },
  logLevel: 'error',
} satisfies BuildOptions

/** All that a bundle may be made of, besides packages. */
export const sourceFiles = (): string[] =>
  globSync(
    [
      'contracts/*.{ts,json}',
      'functions/*/**/*.ts',
      'compose/emulator/**/*.ts',
      'package-lock.json',
      'scripts/{bundle*,front/*,together/*}.ts',
    ],
    {
      exclude: (path) => path.includes('node_modules') || path.includes('/test/'),
    },
  ).toSorted()

function sourcesHash(): string {
  const hash = createHash('sha256')
  for (const file of sourceFiles()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
