import { functionNames, type FunctionName } from '../../contracts/functions.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { buildImages, imageOf, type Images } from './images.ts'
import { objectsOf, withImages, yamlOf, type KubernetesObject } from './objects.ts'
import type { Command, Runner } from './runner.ts'
import { smokeJob } from './smoke-job.ts'

export type Deployment = Images & {
  /** Percent of the traffic that the new revisions get, rising to 100. */
  steps: readonly number[]
  pauseSeconds: number
  isBuilding: boolean
  /** What is tried after each step: `purchase` buys a ticket, `ready` only looks. */
  smoke: 'purchase' | 'ready'
  say: (line: string) => void
}

export const namespace = 'boxoffice'
const inNamespace = `--namespace=${namespace}`
const jobSecondsMax = 900
const smokeSecondsMax = 180

/**
 * Brings a version to the cluster. What takes traffic now is pinned before anything is applied, since a Service that
 * follows its latest revision gives it all traffic the moment it is ready. Migrations run first and leave the old
 * code working (expand, then contract), because both revisions run at once. Every function's candidate is tried
 * inside the cluster before it gets any traffic, and a ticket is bought after every step. Where one fails, all
 * traffic goes back to where it was: false.
 */
export async function deploy(runner: Runner, deployment: Deployment): Promise<boolean> {
  const { say, overlay, tag } = deployment
  const context = await runner.run({
    argv: ['kubectl', 'config', 'current-context'],
    instead: '<the current context>',
  })
  say(`version ${tag} to ${context}, overlay ${overlay}`)
  if (deployment.isBuilding) await buildImages(runner, deployment)

  const overlays = await runner.run({
    argv: ['kubectl', 'kustomize', `knative/overlays/${overlay}`],
    isReading: true,
  })
  const objects = withImages(objectsOf(overlays), deployment)
  const rollout: Rollout = { runner, pinned: await pin(runner), tagged: new Set(), deployment }
  try {
    await migrate(runner, objects)
    await runner.run(apply(objects.filter(({ kind }) => kind !== 'Job')))
    await rollOut(rollout)
  } catch (err) {
    say(`going back: ${err instanceof Error ? err.message : String(err)}`)
    await goBack(rollout)
    say(`all traffic is where it was before; ${tag} gets none`)
    return false
  }
  // The next deployment pins them again.
  for (const name of functionNames)
    await runner.run(update(name, ['--traffic=@latest=100', '--untag=candidate']))
  say(`${tag} has all traffic`)
  return true
}

/** Percent by revision. */
type Traffic = Map<string, number>
type Pinned = Map<FunctionName, Traffic>

type Rollout = {
  runner: Runner
  pinned: Pinned
  /** Whose new revision has a name by now: kn refuses to take one away that is not there. */
  tagged: Set<FunctionName>
  deployment: Deployment
}

async function rollOut({ runner, pinned, tagged, deployment }: Rollout): Promise<void> {
  const { steps, pauseSeconds, say, tag } = deployment
  for (const name of functionNames) {
    await runner.run(update(name, ['--tag=@latest=candidate']))
    tagged.add(name)
  }
  await smoke(runner, deployment, 'candidates')
  for (const percent of steps) {
    for (const [name, traffic] of pinned)
      await runner.run(update(name, flagsOf(shifted(traffic, percent))))
    say(`${percent} % of the traffic is on ${tag}`)
    await runner.pause(pauseSeconds)
    await smoke(runner, deployment, deployment.smoke)
  }
}

/** Every function is tried, also when one cannot be brought back: the others must not stay half-way. */
async function goBack({ runner, pinned, tagged, deployment }: Rollout): Promise<void> {
  const failed: unknown[] = []
  for (const [name, traffic] of pinned) {
    const untag = tagged.has(name) ? ['--untag=candidate'] : []
    await runner
      .run(update(name, [...flagsOf(traffic), ...untag]))
      .catch((err: unknown) => failed.push(err))
  }
  if (failed.length === 0) return
  for (const err of failed) deployment.say(String(err))
  throw new Error('not all traffic is back: look at kn service list, and go on by hand')
}

/** What has traffic keeps it, in the same parts. A function that is not there yet has nothing to go back to. */
async function pin(runner: Runner): Promise<Pinned> {
  const pinned: Pinned = new Map()
  for (const name of functionNames) {
    const lines = await runner.run({
      argv: [
        'kubectl',
        'get',
        'services.serving.knative.dev',
        name,
        inNamespace,
        '--ignore-not-found',
        '--output=jsonpath={range .status.traffic[*]}{.revisionName}={.percent}{"\\n"}{end}',
      ],
      instead: `${name}-00001=100`,
    })
    const parts = lines
      .split('\n')
      .map((line) => line.split('='))
      .filter(([revision, percent]) => revision && Number(percent) > 0)
    if (parts.length === 0) continue
    const traffic: Traffic = new Map(
      parts.map(([revision = '', percent]) => [revision, Number(percent)]),
    )
    pinned.set(name, traffic)
    await runner.run(update(name, flagsOf(traffic)))
  }
  return pinned
}

/** The candidate has `percent`; of what is left each has its part, and the first what does not divide. */
function shifted(traffic: Traffic, percent: number): Traffic {
  const left = 100 - percent
  if (left === 0) return new Map([['candidate', 100]])
  const [first = ['', 0], ...others] = traffic
  const parts = others.map(
    ([revision, part]) => [revision, Math.floor((part * left) / 100)] as const,
  )
  const rest = left - parts.reduce((sum, [, part]) => sum + part, 0)
  return new Map([
    ['candidate', percent],
    [first[0], rest],
    ...parts.filter(([, part]) => part > 0),
  ])
}

const flagsOf = (traffic: Traffic): string[] =>
  Array.from(traffic, ([revision, percent]) => `--traffic=${revision}=${percent}`)

/** What the functions need before they run, then the schema of each. */
async function migrate(runner: Runner, objects: KubernetesObject[]): Promise<void> {
  const isLater = ({ kind, apiVersion }: KubernetesObject) =>
    kind === 'Trigger' || kind === 'PingSource' || apiVersion === 'serving.knative.dev/v1'
  await runner.run(apply(objects.filter((object) => !isLater(object))))
  const jobs = objects.filter(({ kind }) => kind === 'Job')
  for (const { metadata } of jobs) await runner.run(completed(metadata.name, jobSecondsMax))
}

/** Each run is a Job of its own: the result of an earlier one says nothing. */
async function smoke(runner: Runner, deployment: Deployment, what: string): Promise<void> {
  const name = `smoke-${what}-${newId().slice(-6)}--${deployment.tag}`
  const image = imageOf('smoke', deployment)
  const job = smokeJob({ name, namespace, image, what, secondsMax: smokeSecondsMax })
  await runner.run(apply([job]))
  try {
    await runner.run(completed(name, smokeSecondsMax + 20))
  } catch (err) {
    const log = await runner
      .run({ argv: ['kubectl', 'logs', `job/${name}`, inNamespace, '--tail=20'] })
      .catch(() => 'it has no log')
    throw new Error(`${name} did not complete: ${log}`, { cause: err })
  }
}

const completed = (job: string, secondsMax: number): Command => ({
  argv: [
    'kubectl',
    'wait',
    `job/${job}`,
    inNamespace,
    '--for=condition=complete',
    `--timeout=${secondsMax}s`,
  ],
  secondsMax: secondsMax + 30,
})

/** kn waits until the Service is ready, or says why it is not. */
const update = (name: FunctionName, flags: string[]): Command => ({
  argv: ['kn', 'service', 'update', name, inNamespace, ...flags],
  secondsMax: 660,
})

const apply = (objects: KubernetesObject[]): Command => ({
  argv: ['kubectl', 'apply', '--filename=-'],
  input: yamlOf(objects),
  reads: objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
})
