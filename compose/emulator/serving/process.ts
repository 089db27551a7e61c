import { spawn } from 'node:child_process'

/** How a function's process is started, and where what it prints goes. */
export type Start = {
  file: string
  args: string[]
  environment: Record<string, string>
  /** A file descriptor. */
  log: number
}

export type FunctionProcess = {
  pid: number
  /** SIGTERM. */
  terminate(): void
  /** SIGKILL, to the process and to what it started. */
  kill(): void
}

export type ProcessEvents = {
  /** It listens on `port`. Called once at most. */
  onListening(port: number): void
  /** Many wait for its answers, or no longer. Said only by a process that meets clients without us. */
  onBusy(isBusy: boolean): void
  /** It is gone, or could not be started. Called once. */
  onExit(how: string): void
}

/** Of our own environment a function sees what finds its tools; all else comes from the manifests. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS']

/**
 * Starts a process in a group of its own, so that Ctrl-C reaches only us and we end it in order. It tells the
 * port that it got over the IPC channel, and ends by itself when that channel closes: however we end, it goes.
 */
export function startProcess(
  { file, args, environment, log }: Start,
  { onListening, onBusy, onExit }: ProcessEvents,
): FunctionProcess {
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...pick(process.env, inherited), ...environment },
  })
  let isOver = false
  const over = (how: string) => {
    if (isOver) return
    isOver = true
    onExit(how)
  }
  child.on('error', (err) => child.pid === undefined && over(err.message))
  child.on('exit', (code, signal) => over(signal ?? `exit code ${code}`))
  child.on('message', (message) => {
    const { port, isBusy } = message as { port?: unknown; isBusy?: unknown }
    if (typeof port === 'number' && !isOver) onListening(port)
    if (typeof isBusy === 'boolean') onBusy(isBusy)
  })
  return {
    pid: child.pid ?? 0,
    terminate: () => void child.kill('SIGTERM'),
    kill() {
      if (isOver || child.pid === undefined) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        child.kill('SIGKILL')
      }
    },
  }
}

const pick = (from: NodeJS.ProcessEnv, names: string[]) =>
  Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])),
  )
