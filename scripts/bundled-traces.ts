import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Bundled into every function: its stack traces name the sources, not the chunks that they became. Node's own
 * --enable-source-maps reads the maps at every start, which takes longer than all the rest of a cold start; this
 * reads one when somebody first looks at a stack.
 */
const position = new RegExp(`(${RegExp.escape(dirname(import.meta.url))}/[^/:]+):(\\d+):(\\d+)`)
const maps = new Map<string, SourceMap | undefined>()

// V8 gives call sites whose texts are what it would print itself.
Error.prepareStackTrace = (error: Error, sites: { toString(): string }[]) =>
  [String(error), ...sites.map((site) => `    at ${sourceOf(site.toString())}`)].join('\n')

function sourceOf(site: string): string {
  const [place, file, line, column] = position.exec(site) ?? []
  if (place === undefined || file === undefined) return site
  const found = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1)
  if (!found || !('originalSource' in found)) return site
  const { originalSource, originalLine, originalColumn } = found
  const source = originalSource.replace(/^(\.\.\/)+/, '')
  return site.replace(place, `${source}:${originalLine + 1}:${originalColumn + 1}`)
}

/** Without its map a bundle runs on, and its traces name it. */
function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(`${fileURLToPath(file)}.map`))
  return maps.get(file)
}

function readMap(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}
