import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/*
 * Bundled into every function: its stack traces name the sources, not the bundle that they became. Node's own
 * --enable-source-maps reads the map at every start, which takes longer than all the rest of a cold start; this
 * reads it when somebody first looks at a stack.
 */
const bundle = import.meta.url
const position = new RegExp(`${RegExp.escape(bundle)}:(\\d+):(\\d+)`)
let map: SourceMap | undefined

// V8 gives call sites whose texts are what it would print itself.
Error.prepareStackTrace = (error: Error, sites: { toString(): string }[]) =>
  [String(error), ...sites.map((site) => `    at ${sourceOf(site.toString())}`)].join('\n')

function sourceOf(site: string): string {
  const [place, line, column] = position.exec(site) ?? []
  if (place === undefined) return site
  const found = readMap()?.findEntry(Number(line) - 1, Number(column) - 1)
  if (!found || !('originalSource' in found)) return site
  const { originalSource, originalLine, originalColumn } = found
  const source = originalSource.replace(/^(\.\.\/)+/, '')
  return site.replace(place, `${source}:${originalLine + 1}:${originalColumn + 1}`)
}

/** Without its map a bundle runs on, and its traces name it. */
function readMap(): SourceMap | undefined {
  try {
    map ??= new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(bundle)}.map`, 'utf8')))
  } catch {
    return undefined
  }
  return map
}
