import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const cache = resolve('node_modules/.cache/boxoffice')

/** One file a function, with its source map, made anew only when a source has changed; gives where each is. */
export async function bundles(names: readonly string[]): Promise<(name: string) => string> {
  const folder = join(cache, 'bundles', sourcesHash())
  const missing = names.filter((name) => !existsSync(join(folder, `${name}.mjs`)))
  await Promise.all(missing.map((name) => bundle(name, folder)))
  return (name) => join(folder, `${name}.mjs`)
}

/** V8's compiled code, kept between starts: a cold start then parses nothing. */
export const compileCache = join(cache, 'compiled')

async function bundle(name: string, folder: string): Promise<void> {
  await build({
    entryPoints: { [name]: `functions/${name}/main.ts` },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'linked',
    // Some dependencies are CommonJS and require Node's own modules.
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    // Optional native parts that nobody installs here.
    external: ['pg-native'],
    logLevel: 'error',
  })
}

function sourcesHash(): string {
  const hash = createHash('sha256')
  const files = globSync(
    ['contracts/*.{ts,json}', 'functions/*/**/*.ts', 'package-lock.json', 'scripts/bundles.ts'],
    {
      exclude: (path) => path.includes('node_modules') || path.includes('/test/'),
    },
  )
  for (const file of files.toSorted()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
