import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const cache = resolve('node_modules/.cache/boxoffice')

/** One file a function, with its source map, made anew only when a source has changed; gives where each is. */
export async function bundles(names: readonly string[]): Promise<(name: string) => string> {
  const folder = join(cache, 'bundles', sourcesHash())
  const fileOf = (name: string) => join(folder, `${name}.mjs`)
  await Promise.all(
    names
      .filter((name) => !existsSync(fileOf(name)))
      .map((name) => bundle(`functions/${name}/main.ts`, fileOf(name))),
  )
  return fileOf
}

/** V8's compiled code, kept between starts: a cold start then parses nothing. */
export const compileCache = join(cache, 'compiled')

/** All that `entry` imports, dynamic imports too, as one file, with its source map beside it. */
export async function bundle(entry: string, file: string): Promise<void> {
  await build({
    stdin: {
      contents: `import './scripts/bundled-traces.ts'\nimport './${entry}'`,
      resolveDir: process.cwd(),
      sourcefile: 'entry.js',
    },
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Less to read at each start. Names stay, because MikroORM and the logs show them, and lines stay short,
    // because Node prints the line where a process died.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    sourcemap: 'linked',
    sourcesContent: false,
    // Some dependencies are CommonJS and require Node's own modules.
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    // Optional native parts that nobody installs here.
    external: ['pg-native'],
    // What is bundled cannot be given a bug.
    define: { 'process.env.PLANTED_BUG': 'undefined' },
    logLevel: 'error',
  })
}

function sourcesHash(): string {
  const hash = createHash('sha256')
  const files = globSync(
    ['contracts/*.{ts,json}', 'functions/*/**/*.ts', 'package-lock.json', 'scripts/bundle*.ts'],
    {
      exclude: (path) => path.includes('node_modules') || path.includes('/test/'),
    },
  )
  for (const file of files.toSorted()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
