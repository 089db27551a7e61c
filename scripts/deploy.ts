import { commandLine, refuse, wholeNumber } from './command-line.ts'
import { deploy } from './deploy/deploy.ts'
import { dryRunner, realRunner } from './deploy/runner.ts'

/** `npm run deploy`: a new version on a cluster, step by step, and back where a step does not work. */
const usage = `npm run deploy -- --tag TAG [options]

  --tag TAG     of the images to build and run, such as a commit: an image is never overwritten
  --overlay     minikube or production (minikube)
  --registry R  push the images there, such as registry.example.org/boxoffice; Minikube gets them loaded instead
  --steps       the traffic of the new revisions in percent, one step after the other (10,50,100)
  --pause N     seconds between a step and its smoke test (30)
  --smoke       what is tried after each step: purchase buys a ticket with the sandbox's card and gives it back,
                ready only looks (purchase on Minikube, ready in production)
  --no-build    the images are there already
  --dry-run     print the commands, and run none

It goes to the cluster of the current context of kubectl. It needs kubectl, kn and, to build, a Docker engine.`

const { values } = commandLine(usage, {
  options: {
    tag: { type: 'string' },
    overlay: { type: 'string', default: 'minikube' },
    registry: { type: 'string' },
    steps: { type: 'string', default: '10,50,100' },
    pause: { type: 'string', default: '30' },
    smoke: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const { tag = '', overlay, registry } = values
if (!/^[a-z0-9]([a-z0-9.-]{0,28}[a-z0-9])?$/.test(tag))
  refuse(`--tag must be up to 30 small letters, digits, dots and dashes\n\n${usage}`)
if (overlay !== 'minikube' && overlay !== 'production')
  refuse(`--overlay must be minikube or production, not "${overlay}"`)
if (overlay === 'production' && !registry) refuse('--registry must say where the images go')
const smoke = values.smoke ?? (overlay === 'minikube' ? 'purchase' : 'ready')
if (smoke !== 'purchase' && smoke !== 'ready') refuse('--smoke must be purchase or ready')
const steps = values.steps.split(',').map((text) => wholeNumber('--steps', text, [1, 100]))
if (steps.at(-1) !== 100 || steps.some((step, i) => step <= (steps[i - 1] ?? 0)))
  refuse('--steps must rise, and end with 100')

const say = (line: string) => console.log(line)
const isDone = await deploy(values['dry-run'] ? dryRunner(say) : realRunner(say), {
  tag,
  overlay,
  registry,
  steps,
  pauseSeconds: wholeNumber('--pause', values.pause, [0, 3600]),
  isBuilding: !values['no-build'],
  smoke,
  say,
})
process.exitCode = isDone ? 0 : 1
