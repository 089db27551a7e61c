import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { imageOf } from './deploy/images.ts'
import { objectsOf, withImages, yamlOf } from './deploy/objects.ts'
import { smokeJob } from './deploy/smoke-job.ts'
import { finished, type Finished } from './manifests/command.ts'

/**
 * `npm run manifests`: renders the base, both overlays and the chart, has knative/check judge each object, compares the
 * chart with the base, and sees the broken manifests refused. Without kubectl or Go it says what it left out.
 */
const cache = resolve('node_modules/.cache/boxoffice/manifests')
const check = join(cache, 'check')
const folders = {
  base: 'knative/base',
  minikube: 'knative/overlays/minikube',
  production: 'knative/overlays/production',
  'production with components': 'knative/check/with-components',
  'first admin': 'knative/first-admin',
}
/** What the component topology-spread needs of the cluster. */
const features = 'kubernetes.podspec-topologyspreadconstraints'
const downloadMsMax = 180_000
const buildMsMax = 600_000

mkdirSync(cache, { recursive: true })
let passed = 0
let failed = 0

const rendered = await render()
if (rendered && (await build())) await judge(rendered)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Each rendering by its name; undefined without kubectl. */
async function render(): Promise<Map<string, string> | undefined> {
  if (!(await has('kubectl', ['version', '--client']))) return
  const texts = new Map<string, string>()
  for (const [name, folder] of Object.entries(folders)) {
    const { ok, output, errors } = await finished('kubectl', ['kustomize', folder])
    say(ok, `kubectl kustomize ${folder}`, errors)
    if (ok) texts.set(name, output)
  }
  texts.set('what npm run deploy sends', deployed(texts.get('minikube') ?? ''))
  return texts
}

/** The overlay's objects as a deployment changes them, and its smoke Job. */
function deployed(overlay: string): string {
  const images = { tag: 'v1', registry: undefined }
  const job = smokeJob({
    name: 'smoke-ready--v1',
    namespace: 'boxoffice',
    image: imageOf('smoke', images),
    what: 'ready',
    secondsMax: 60,
  })
  return yamlOf([...withImages(objectsOf(overlay), images), job])
}

/** The check itself; false where there is no Go, or where its modules cannot be had. */
async function build(): Promise<boolean> {
  if (!(await has('go', ['version']))) return false
  const start = performance.now()
  const modules = await go(['list', '-deps', '.'], downloadMsMax)
  if (!modules.ok) {
    const [why] = modules.errors.trim().split('\n').slice(-1)
    console.log(`left out: the modules of knative/check cannot be had: ${why}`)
    return false
  }
  const loaded = performance.now()
  const built = await go(['build', '-o', check, '.'], buildMsMax)
  const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(0)} s`
  say(
    built.ok,
    `knative/check: modules ${seconds(start, loaded)}, built in ${seconds(loaded, performance.now())}`,
    built.errors,
  )
  return built.ok
}

async function judge(texts: Map<string, string>): Promise<void> {
  const chart = await finished(check, ['chart', 'knative/chart'])
  say(chart.ok, 'knative/chart, by the engine of Helm', chart.errors)
  texts.set('chart', chart.output)
  compare('the chart', chart.output, texts.get('base') ?? '')
  if ((await finished('helm', ['version'])).ok) {
    const helm = await finished('helm', 'template boxoffice knative/chart -n boxoffice'.split(' '))
    say(helm.ok, 'helm template', helm.errors)
    compare('what helm renders', helm.output, texts.get('base') ?? '')
  }
  for (const [name, text] of texts) {
    const file = join(cache, `${name.replaceAll(' ', '-')}.yaml`)
    writeFileSync(file, text)
    const allowed = name.includes('components') ? ['-allow', features] : []
    const { ok, output, errors } = await finished(check, [...allowed, `${name}=${file}`])
    say(ok, output.trim(), errors)
  }
  const broken = await go(['test', '-v', '.'], buildMsMax)
  const refused = [...broken.output.matchAll(/^ +check_test\.go:\d+: (.*)/gm)]
  say(broken.ok, `${refused.length} broken manifests are refused`, broken.output + broken.errors)
  for (const [, why = ''] of refused) console.log(`       ${why}`)
}

/** Helm is given its namespace; everything else has to be the same, object by object. */
function compare(what: string, text: string, baseText: string): void {
  const made = named(text)
  const wanted = named(baseText)
  wanted.delete('Namespace boxoffice')
  const names = new Set([...made.keys(), ...wanted.keys()])
  const different = [...names].filter(
    (name) => !isDeepStrictEqual(made.get(name), wanted.get(name)),
  )
  say(
    different.length === 0 && made.size > 0,
    `${what} is the base, object by object (${made.size})`,
    different.join('\n'),
  )
}

function named(text: string) {
  return new Map(objectsOf(text).map((it) => [`${it.kind} ${it.metadata.name}`, it]))
}

function go([command = '', ...others]: string[], msMax: number): Promise<Finished> {
  // Nobody debugs it: without optimisation, symbols and vet it is there a quarter sooner.
  const fast = ['-gcflags=all=-N -l', '-ldflags=-s -w']
  const flags = { build: fast, test: ['-vet=off', ...fast] }[command] ?? []
  return finished('go', [command, ...flags, ...others], { cwd: 'knative/check', timeout: msMax })
}

async function has(program: string, args: string[]): Promise<boolean> {
  const { ok } = await finished(program, args)
  if (!ok) console.log(`left out: ${program} is not here`)
  return ok
}

function say(ok: boolean, what: string, why: string): void {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `\n${why}`}`)
  if (ok) passed++
  else failed++
}
