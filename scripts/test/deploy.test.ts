import * as assert from 'uvu/assert'
import { functionNames } from '../../contracts/functions.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { deploy, type Deployment } from '../deploy/deploy.ts'
import { objectsOf, withImages } from '../deploy/objects.ts'
import { realRunner, type Command, type Runner } from '../deploy/runner.ts'

const overlay = `
apiVersion: v1
kind: Secret
metadata: { name: boxoffice, namespace: boxoffice }
---
apiVersion: batch/v1
kind: Job
metadata: { name: migrate-orders--dev, namespace: boxoffice }
spec: { template: { spec: { containers: [{ name: migrate, image: 'dev.local/boxoffice/orders:dev' }] } } }
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: orders, namespace: boxoffice }
spec: { template: { spec: { containers: [{ image: 'dev.local/boxoffice/orders:dev' }] } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: redis, namespace: boxoffice }
spec: { template: { spec: { containers: [{ name: redis, image: 'redis:7-bookworm' }] } } }
`

/** Commands as a cluster would take them: who has which traffic, and a word for what is to fail. */
function cluster(traffic: Record<string, string>, fails?: (line: string) => boolean) {
  const ran: string[] = []
  const has = { ...traffic }
  const runner: Runner = {
    async run({ argv, input }: Command) {
      const line = argv.join(' ')
      ran.push(input?.includes('component: smoke') ? `${line} smoke` : line)
      if (fails?.(ran.at(-1) ?? '')) throw new Error('it does not work')
      const [tool, verb, , name = ''] = argv
      if (tool === 'kubectl' && verb === 'kustomize') return overlay
      if (tool === 'kubectl' && verb === 'get') return has[name] ?? ''
      if (tool === 'kn') has[name] = trafficIn(argv) || (has[name] ?? '')
      return ''
    },
    async pause() {},
  }
  return { runner, ran, has }
}

const trafficIn = (argv: readonly string[]): string =>
  argv.flatMap((word) => (word.startsWith('--traffic=') ? [word.slice(10)] : [])).join('\n')

const deployment = (said: string[] = []): Deployment => ({
  tag: 'v2',
  overlay: 'minikube',
  registry: undefined,
  steps: [10, 50, 100],
  pauseSeconds: 0,
  isBuilding: false,
  smoke: 'purchase',
  say: (line) => said.push(line),
})

const everywhere = (revision: string) =>
  Object.fromEntries(functionNames.map((name) => [name, `${name}-${revision}=100`]))

describe('npm run deploy', (it) => {
  it('pins, migrates, applies, tries the candidates, and shifts in steps with a purchase after each', async () => {
    const { runner, ran, has } = cluster(everywhere('00007'))
    assert.is(await deploy(runner, deployment()), true)
    const at = (text: string) => ran.findIndex((line) => line.includes(text))
    const order = [
      'kn service update orders --namespace=boxoffice --traffic=orders-00007=100',
      'kubectl apply',
      'kubectl wait job/migrate-orders--v2',
      '--tag=@latest=candidate',
      'kubectl wait job/smoke-candidates',
      'orders --namespace=boxoffice --traffic=candidate=10 --traffic=orders-00007=90',
      'kubectl wait job/smoke-purchase',
      'orders --namespace=boxoffice --traffic=candidate=50 --traffic=orders-00007=50',
      'orders --namespace=boxoffice --traffic=candidate=100',
      'orders --namespace=boxoffice --traffic=@latest=100 --untag=candidate',
    ].map(at)
    assert.not.ok(order.includes(-1), order.join())
    assert.equal(
      order,
      order.toSorted((a, b) => a - b),
    )
    assert.is(ran.filter((line) => line.includes('wait job/smoke-purchase')).length, 3)
    assert.is(new Set(ran.filter((line) => line.includes('wait job/smoke'))).size, 4)
    for (const name of functionNames) assert.is(has[name], '@latest=100')
  })

  for (const [where, fails] of [
    ['a migration', (line: string) => line.includes('wait job/migrate')],
    ['a candidate', (line: string) => line.includes('wait job/smoke-candidates')],
    [
      'the third update of a step',
      (line: string) => line.includes('seating') && line.includes('candidate=50'),
    ],
    ['a purchase', (line: string) => line.includes('wait job/smoke-purchase')],
  ] as const)
    it(`gives all traffic back where ${where} does not work`, async () => {
      const { runner, ran, has } = cluster(everywhere('00007'), fails)
      const said: string[] = []
      assert.is(await deploy(runner, deployment(said)), false)
      for (const name of functionNames) assert.is(has[name], `${name}-00007=100`)
      const isTagged = ran.some((line) => line.includes('--tag=@latest=candidate'))
      assert.is(
        ran.some((line) => line.includes('--untag')),
        isTagged,
      )
      assert.ok(said.some((line) => line.startsWith('going back: ')))
    })

  it('gives a traffic that was split back as it was split', async () => {
    const before = { ...everywhere('00007'), orders: 'orders-00007=70\norders-00006=30' }
    const { runner, ran, has } = cluster(before, (line) => line.includes('candidate=50'))
    assert.is(await deploy(runner, deployment()), false)
    assert.ok(
      ran.some((line) =>
        line.includes('--traffic=candidate=10 --traffic=orders-00007=63 --traffic=orders-00006=27'),
      ),
    )
    assert.is(has.orders, before.orders)
  })

  it('needs nothing to go back to the first time', async () => {
    const { runner, ran } = cluster({})
    assert.is(await deploy(runner, deployment()), true)
    assert.not.ok(ran.some((line) => line.includes('--traffic=candidate')))
  })

  it('goes on with the others where one cannot be brought back, and says that it is not done', async () => {
    const { runner, has } = cluster(
      everywhere('00007'),
      (line) =>
        line.includes('wait job/smoke-purchase') || line.includes('users-00007=100 --untag'),
    )
    const err = await deploy(runner, deployment()).catch((thrown: Error) => thrown)
    assert.match((err as Error).message, /by hand/)
    assert.is(has.orders, 'orders-00007=100')
  })
})

describe('the objects of an overlay', (it) => {
  it('get the tag in our images and in the names of Jobs, and nowhere else', () => {
    const objects = withImages(objectsOf(overlay), { tag: 'v2', registry: 'example.org/box' })
    const text = JSON.stringify(objects)
    assert.equal(
      objects.map(({ metadata }) => metadata.name),
      ['boxoffice', 'migrate-orders--v2', 'orders', 'redis'],
    )
    assert.is(text.split('example.org/box/orders:v2').length - 1, 2)
    assert.ok(text.includes('redis:7-bookworm'))
    assert.not.match(text, /:dev/)
  })
})

describe('a command', (it) => {
  const runner = realRunner(() => {})
  const node = (code: string): [string, ...string[]] => [process.execPath, '-e', code]

  it('gives what it printed, and reads what it is given', async () => {
    const argv = node('process.stdin.pipe(process.stdout)')
    assert.is(await runner.run({ argv, input: 'a: 1\n' }), 'a: 1')
  })

  it('throws with what it said where it fails, cannot be found, or takes too long', async () => {
    const reason = async (command: Command) =>
      (await runner.run(command).catch((err: Error) => err)) as Error
    const failed = await reason({ argv: node('console.error("no such thing"); process.exit(3)') })
    assert.match(failed.message, /ended with 3: no such thing/)
    assert.match((await reason({ argv: ['no-such-command'] })).message, /ENOENT/)
    const slow = await reason({ argv: node('setTimeout(() => {}, 60_000)'), secondsMax: 0.3 })
    assert.match(slow.message, /took longer than 0.3 s/)
  })
})
