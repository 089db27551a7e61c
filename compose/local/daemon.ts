import { spawn, type SpawnOptions } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'

export type Daemon = {
  pid: number
  /** Undefined while it runs. */
  ended(): string | undefined
  stop(signal: NodeJS.Signals): Promise<void>
}

const stopMsMax = 15_000

/**
 * Runs a server until it is stopped, in a process group of its own: Ctrl-C reaches us first, and we stop it in
 * order. Where the kernel can, it is told to stop when we are killed, so that nothing is left behind.
 */
export async function startDaemon(
  name: string,
  file: string,
  args: string[],
  { logFile, ...options }: SpawnOptions & { logFile: string },
): Promise<Daemon> {
  const log = openSync(logFile, 'a')
  const [program, ...rest] = [...(await endingWithUs()), file, ...args]
  const child = spawn(program ?? file, rest, {
    ...options,
    detached: true,
    stdio: ['ignore', log, log],
  })
  let end: string | undefined
  const gone = new Promise<void>((resolve) => {
    child.on('error', (err) => {
      end = `${name} could not be started: ${err.message}`
      resolve()
    })
    child.on('exit', (code, signal) => {
      end ??= `${name} ended (${signal ?? code}); its log is ${logFile}`
      resolve()
    })
  })
  child.unref()
  return {
    pid: child.pid ?? 0,
    ended: () => end,
    async stop(signal) {
      if (end !== undefined) return
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
      await gone
      clearTimeout(timer)
    },
  }
}

let prefix: Promise<string[]> | undefined

/** util-linux has it; elsewhere a server that outlives us is found by the next start. */
const endingWithUs = () =>
  (prefix ??= once('setpriv', ['--pdeathsig', 'SIGINT', 'true']).then((canDo) =>
    canDo ? ['setpriv', '--pdeathsig', 'SIGINT', '--'] : [],
  ))

/** A server that an earlier run left behind, because that run was killed: stopped, if it really is ours. */
export async function stopLeftover(pid: number | undefined, mark: string): Promise<void> {
  if (!pid || !commandOf(pid).includes(mark)) return
  process.kill(pid, 'SIGINT')
  for (let i = 0; i < 100 && commandOf(pid).includes(mark); i++)
    await new Promise((resolve) => setTimeout(resolve, 100))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Runs a command to its end; what it printed stands in the error where it failed. */
export async function run(file: string, args: string[], options: SpawnOptions = {}): Promise<void> {
  const { code, output } = await finish(file, args, options)
  if (code !== 0)
    throw new Error(`${file} ${args[0] ?? ''} failed (${code}):\n${output.slice(-2000)}`)
}

/** True where the command ran and succeeded. */
export async function once(file: string, args: string[]): Promise<boolean> {
  return (await finish(file, args, {})).code === 0
}

function finish(
  file: string,
  args: string[],
  options: SpawnOptions,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))
    child.on('error', (err) => resolve({ code: -1, output: err.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
