import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../compose/local/ports.ts'
import { client, docker, run, type Finished } from '../images/docker.ts'

/** Everything of compose.yaml, running apart from any other installation of this machine. */
export type Project = {
  name: string
  port: number
  brokerPort: number
  /** `docker compose …` within the project; throws with what it printed where it fails. */
  compose(...args: string[]): Promise<string>
  /** The containers of all services, by service, those that have ended too. */
  containers(): Promise<Map<string, Container>>
  /** The id of a service's container; throws where it has none. */
  containerOf(service: string): Promise<string>
  /** Takes it down with its volumes and secrets. */
  remove(): Promise<void>
}

/** `state` as in `exited 0` or `running healthy`. */
export type Container = { id: string; state: string }

type Inspected = {
  Id: string
  Config: { Labels: Record<string, string> }
  State: { Status: string; ExitCode: number; Health?: { Status: string } }
}

/** Compose v2 where it is there, else docker-compose 1.29; undefined where there is neither. */
export async function findCompose(): Promise<{ command: string[]; version: string } | undefined> {
  for (const command of [[client, 'compose'], ['docker-compose']]) {
    const [file = '', ...words] = command
    const { code, stdout } = await run(file, [...words, 'version', '--short'])
    if (code === 0) return { command, version: stdout.trim() }
  }
  return undefined
}

export async function openProject(command: string[], version: string): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-compose-'))
  const secrets = join(folder, '.env')
  const name = `boxoffice-${folder.slice(-6).toLowerCase()}`
  const port = await freePort()
  const brokerPort = await freePort()
  const settings = {
    BOXOFFICE_PORT: String(port),
    BROKER_PORT: String(brokerPort),
    BOXOFFICE_VERSION: version,
  }
  const [file = '', ...words] = command
  const where = ['--file', 'compose/compose.yaml', '--project-name', name, '--env-file', secrets]
  const compose = async (...args: string[]) => {
    const done = await run(file, [...words, ...where, ...args], { ...process.env, ...settings })
    return outputOf(`${command.join(' ')} ${args.join(' ')}`, done)
  }
  // Asked of Docker itself: each start of docker-compose takes a second.
  const containers = async () => {
    const filter = `--filter=label=com.docker.compose.project=${name}`
    const ids = await dockerOrFail('ps', '--all', '--quiet', '--no-trunc', filter)
    const found = JSON.parse(
      await dockerOrFail('inspect', ...ids.trim().split('\n')),
    ) as Inspected[]
    return new Map(
      found.map(({ Id: id, Config, State }) => [
        Config.Labels['com.docker.compose.service'] ?? '',
        { id, state: `${State.Status} ${State.Health?.Status ?? State.ExitCode}` },
      ]),
    )
  }
  outputOf('compose:env', await run(process.execPath, ['scripts/compose-env.ts', secrets]))
  return {
    name,
    port,
    brokerPort,
    compose,
    containers,
    async containerOf(service) {
      const container = (await containers()).get(service)
      if (!container) throw new Error(`${service} has no container`)
      return container.id
    },
    async remove() {
      await compose('--profile', 'setup', 'down', '--volumes', '--remove-orphans', '--timeout', '2')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What Docker says of a container, through a template of its own. */
export async function inspect(container: string, format: string): Promise<string> {
  const args = ['inspect', `--format=${format}`, container]
  return outputOf(`docker ${args.join(' ')}`, await docker(args)).trim()
}

export async function dockerOrFail(...args: string[]): Promise<string> {
  return outputOf(`docker ${args.join(' ')}`, await docker(args))
}

function outputOf(what: string, { code, stdout, stderr }: Finished): string {
  if (code === 0) return stdout
  throw new Error(`${what} ended with ${code}:\n${`${stdout}${stderr}`.slice(-4000)}`)
}
