import { existsSync } from 'node:fs'
import { builtinModules, isBuiltin } from 'node:module'
import { join, relative } from 'node:path'
import type { Plugin } from 'esbuild'

/**
 * `import … from 'node:http'` reads everything that the module exports, also what nobody asked for: there `WebSocket`,
 * which loads Node's whole HTTP client and takes 22 ms. So only the names that are used are read, as `require` would.
 */
export const builtinsByName: Plugin = {
  name: 'builtins-by-name',
  setup(building) {
    building.onResolve({ filter: anyBuiltin }, ({ path, kind, importer }) =>
      isBuiltin(path) && kind === 'import-statement'
        ? // One for each importer: shared by all, each would be a file of its own to load.
          { path: `${path}?${importer}`, namespace: 'by-name', sideEffects: false }
        : undefined,
    )
    building.onLoad({ filter: /./, namespace: 'by-name' }, ({ path }) => {
      const [name = ''] = path.split('?')
      return {
        contents: [
          `const all = /* @__PURE__ */ process.getBuiltinModule('${name}')`,
          'const read = (name) => all[name]',
          'export default all',
          ...namesIn(name).flatMap((one) => [
            `const _${one} = /* @__PURE__ */ read('${one}')`,
            `export { _${one} as ${one} }`,
          ]),
        ].join('\n'),
      }
    })
  },
}

/** Parts of Node that dependencies require at once and use seldom or never, as for Redis over TLS. */
const seldom = /^(?:node:)?(?:assert|https|tls|v8|zlib)$/

/** Loads such a part once something of it is used. */
export const seldomUsedLater: Plugin = {
  name: 'seldom-used-later',
  setup(building) {
    building.onResolve({ filter: seldom }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'later' } : undefined,
    )
    building.onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({
      contents: `
        const load = () => process.getBuiltinModule('${path}')
        module.exports = (...given) => load()(...given)
        for (const name of ${JSON.stringify(namesIn(path))})
          Object.defineProperty(module.exports, name, { enumerable: true, get: () => load()[name] })`,
    }))
  },
}

/** What no function uses, and what takes its place. */
const unused: { namespace?: string; filter: RegExp; contents: string }[] = [
  // HTTP/2, of @hono/node-server: what is before a function speaks HTTP/1.1 to it.
  {
    namespace: 'by-name',
    filter: /^node:http2\?.*\/@hono\/node-server\//,
    contents: 'export class Http2ServerRequest {}\nexport const constants = {}',
  },
  // Half of ioredis is its client of a Redis Cluster.
  { filter: /\/ioredis\/built\/cluster\/index\.js$/, contents: 'exports.default = class {}' },
  { filter: /\/prom-client\/lib\/pushgateway\.js$/, contents: 'module.exports = class {}' },
  // Logs go to standard output, from this thread.
  { filter: /\/pino\/lib\/transport\.js$/, contents: 'module.exports = undefined' },
]

export const withoutUnused: Plugin = {
  name: 'without-unused',
  setup(building) {
    for (const { contents, ...where } of unused) building.onLoad(where, () => ({ contents }))
  },
}

/** The process's own figures: read at the first scrape, and so is what reads them. */
export const figuresAtScrape: Plugin = {
  name: 'figures-at-scrape',
  setup(building) {
    const filter = /\/prom-client\/lib\/defaultMetrics\.js$/
    building.onLoad({ filter }, ({ path, suffix }) =>
      suffix
        ? undefined
        : { contents: `module.exports = (...given) => require('${path}?whole')(...given)` },
    )
    building.onResolve({ filter: /\/defaultMetrics\.js\?whole$/ }, ({ path }) => ({
      path: path.replace('?whole', ''),
      suffix: '?whole',
    }))
  },
}

/** What the main.ts of `folder` imports once it knows what it is to do, and what it takes of that. */
function laterIn(folder: string): Map<string, string> {
  const all = {
    [`${folder}/start.ts`]: 'start',
    [`${folder}/migrations/index.ts`]: 'migrations',
    'functions/_runtime/adapter.ts': 'listenerFor',
    ...(existsSync(`${folder}/migrations`) ? { 'functions/_runtime/migrate.ts': 'migrate' } : {}),
  }
  const isFunction = existsSync(`${folder}/start.ts`)
  return new Map(Object.entries(all).filter(([file]) => isFunction && existsSync(file)))
}

/** The source of the script that `inScript` looks in; empty where the main.ts of `folder` needs none. */
export const scriptOf = (folder: string): string =>
  Array.from(
    laterIn(folder),
    ([file, name]) => `export const ${name} = () => import('./${file}')`,
  ).join('\n')

/** Takes from the script of that name what the main.ts of `folder` imports later. */
export const inScript = (folder: string, script: string): Plugin => ({
  name: 'in-script',
  setup(building) {
    const later = laterIn(folder)
    building.onResolve({ filter: /^\..*\.ts$/ }, ({ path, kind, resolveDir }) => {
      const file = relative('', join(resolveDir, path))
      return kind === 'dynamic-import' && later.has(file)
        ? { path: file, namespace: 'script' }
        : undefined
    })
    building.onLoad({ filter: /./, namespace: 'script' }, ({ path }) => ({
      contents: `
        import { runScript } from './scripts/bundled-script.ts'
        const { ${later.get(path)}: load } = runScript(import.meta.url, '${script}')
        export const { ${later.get(path)} } = await load()`,
      resolveDir: process.cwd(),
    }))
  },
})

const anyBuiltin = new RegExp(`^(?:node:)?(?:${builtinModules.join('|')})$`)

const namesIn = (builtin: string): string[] =>
  Object.keys(process.getBuiltinModule(builtin) ?? {}).filter((name) => name !== 'default')
