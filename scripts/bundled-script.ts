import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { constants, Script } from 'node:vm'

/*
 * Bundled into every function: what it imports once it listens lies beside it as a script. V8 compiles a function when
 * it is first called. Node's compile cache keeps a module as it was before anything in it was called, so that a cold
 * start compiled nearly all that it ran; this keeps what a process had compiled when it ended.
 */

type Exports = Record<string, () => Promise<unknown>>

let exported: Exports | undefined

/** What the script of that name exports, run with the code that an earlier process compiled, if there is any. */
export function runScript(folder: string, name: string): Exports {
  return (exported ??= run(folder, name))
}

function run(folder: string, name: string): Exports {
  // The name has a hash of the content, and V8 refuses what another V8 has made.
  const { NODE_COMPILE_CACHE: cache } = process.env
  const kept = cache && join(cache, `${process.version}-${process.arch}`, `${name}.compiled`)
  const cachedData = kept ? readKept(kept) : undefined
  const script = new Script(readFileSync(new URL(name, folder), 'latin1'), {
    filename: new URL(name, folder).href,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData ? { cachedData } : {}),
  })
  if (kept && script.cachedDataRejected !== false)
    process.once('exit', (code) => {
      // Who fails, or migrates, has not run what the next one will.
      if (code === 0 && process.argv[2] === undefined) keep(script, kept)
    })
  const module = { exports: {} }
  const define = script.runInThisContext() as (...given: unknown[]) => void
  define(module.exports, createRequire(folder), module)
  return module.exports
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** Under another name until it is whole. Where it cannot be written, as in an image, the next start is as slow. */
function keep(script: Script, path: string): void {
  const draft = `${path}.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(draft, 'wx', 0o600)
    writeFileSync(file, script.createCachedData(), { flush: true })
    closeSync(file)
    renameSync(draft, path)
  } catch {
    // Read-only, or full: nothing is lost but time at the next start.
  }
}
