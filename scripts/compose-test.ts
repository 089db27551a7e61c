import { readFileSync } from 'node:fs'
import { until } from './compose/ask.ts'
import { buyOne, killOrders, reconcile, stopEach, type Market } from './compose/checks.ts'
import { isOnce, readServices } from './compose/services.ts'
import { findCompose, openProject, type Project } from './compose/project.ts'
import { logIn, openSale, register } from './compose/shop.ts'
import { docker, engineMissing } from './images/docker.ts'

/** `npm run compose:test`: compose.yaml from nothing to nothing, with a sale in between that faults cannot spoil. */
const began = performance.now()
const secondsMax = 240
const say = (line: string) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const found = await findCompose()
const missing = (await engineMissing()) ?? (found ? undefined : 'there is no Compose')
if (missing || !found) {
  console.log(`skipped: ${missing?.replaceAll('\n', '; ')}`)
  process.exit(0)
}
for (const { image } of Object.values(readServices())) {
  if (!image.startsWith('boxoffice/')) continue
  const tagged = image.replace(/:.*/, `:${version}`)
  if ((await docker(['image', 'inspect', tagged])).code === 0) continue
  console.error(`there is no image ${tagged}: run npm run images first`)
  process.exit(1)
}

const project = await openProject(found.command, version)
let passed = 0
let isRemoved: Promise<void> | undefined
const remove = () => (isRemoved ??= project.remove())
const giveUp = (why: string) => {
  console.error(why)
  void remove().finally(() => process.exit(1))
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => giveUp(signal))
setTimeout(() => giveUp(`not done after ${secondsMax} s`), secondsMax * 1000).unref()

try {
  await step(`everything is healthy, with Compose ${found.version}`, () => bringUp(project))
  const market = await step('an event is on sale', () => openMarket(project))
  await step('a ticket is bought, issued and mailed', () => buyOne(market))
  await step('orders is killed in the middle of purchases, and each is paid once', () =>
    killOrders(market),
  )
  await step('each function is stopped under load, ends with 0, and no purchase is lost', () =>
    stopEach(market, say),
  )
  await step("the bank's ledger agrees with every order", () => reconcile(market))
} catch (err) {
  console.error(err instanceof Error ? err.message : err)
  console.error((await project.compose('logs', '--no-color', '--tail=15')).slice(-12_000))
  process.exitCode = 1
} finally {
  await remove()
  say('taken down, with its volumes')
}
console.log(`${passed} passed, ${process.exitCode ? 1 : 0} failed`)
process.exit()

async function step<Result>(fact: string, work: () => Promise<Result>): Promise<Result> {
  try {
    const result = await work()
    passed += 1
    say(`ok    ${fact}`)
    return result
  } catch (err) {
    say(`FAIL  ${fact}`)
    throw err
  }
}

/** One-shot services have ended with 0, and the others are healthy. */
async function bringUp({ compose, containers }: Project): Promise<void> {
  await compose('up', '--detach')
  const services = Object.entries(readServices()).filter(([, { profiles }]) => !profiles)
  let waitsFor = ''
  await until(
    'every service is healthy',
    async () => {
      const running = await containers()
      waitsFor = services
        .map(([name, service]) => ({
          name,
          state: running.get(name)?.state ?? 'not there',
          wanted: isOnce(service) ? 'exited 0' : 'running healthy',
        }))
        .filter(({ state, wanted }) => state !== wanted)
        .map(({ name, state }) => `${name} is ${state}`)
        .join(', ')
      return waitsFor === ''
    },
    90,
  ).catch((err: Error) => {
    throw new Error(`${err.message}: ${waitsFor}`)
  })
}

async function openMarket(opened: Project): Promise<Market> {
  const { port, compose } = opened
  const said = await compose('run', '--rm', '-T', 'setup', 'first-admin')
  const [, email = '', password = ''] = /is (\S+), password (\S+)/.exec(said) ?? []
  const admin = await logIn(port, email, password)
  const sale = await openSale(port, admin)
  const names = ['Asha', 'Ben', 'Chen', 'Dina', 'Emre', 'Fay']
  const buyers = await Promise.all(names.map((name) => register(port, name)))
  return { project: opened, sale, buyers, admin }
}
