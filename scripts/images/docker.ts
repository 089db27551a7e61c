import { spawn } from 'node:child_process'

/** The Docker client; `DOCKER` names another one than that on the PATH. */
export const client = process.env.DOCKER ?? 'docker'

export type Finished = { code: number | null; stdout: string; stderr: string }

export const docker = (args: readonly string[]): Promise<Finished> => run(client, args)

/** Runs a command to its end. A command that does not exist ends with code null. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('error', (err) => resolve({ code: null, stdout, stderr: stderr + err.message }))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Why no container can run here, or undefined where one can. */
export async function engineMissing(): Promise<string | undefined> {
  const { code, stderr } = await docker(['version', '--format={{.Server.Version}}'])
  if (code === 0) return undefined
  const [why = ''] = stderr.trim().split('\n').slice(-1)
  return code === null
    ? `there is no command ${client}: install Docker Engine, or name its client in DOCKER`
    : `no Docker engine answers: start it (systemctl start docker, or Docker Desktop), or name another one in DOCKER_HOST\n${why}`
}

/** Ends the process with code 1 and advice where no container can run. */
export async function needEngine(): Promise<void> {
  const missing = await engineMissing()
  if (missing === undefined) return
  console.error(missing)
  process.exit(1)
}
