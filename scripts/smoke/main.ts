import { functionNames } from '../../contracts/functions.ts'
import { buyOnce, NothingOnSale, SmokeFailed } from './purchase.ts'

/*
 * What a deployment's smoke Job runs, inside the cluster, where every function has an address:
 *   candidates   each function's revision with the tag `candidate` starts and answers
 *   ready        the gateway reaches the functions behind it
 *   purchase     a ticket is bought through the gateway, and given back
 */
const { NAMESPACE = 'boxoffice', GATEWAY_URL = addressOf('gateway') } = process.env
const msMax = 60_000
const say = (line: string) => console.log(line)

const tries: Record<string, () => Promise<unknown>> = {
  candidates: () =>
    Promise.all(functionNames.map((name) => answers(`${addressOf(`candidate-${name}`)}/ready`))),
  ready: () =>
    Promise.all(
      ['/ready', '/.well-known/jwks.json', '/v1/events?size=1'].map((path) =>
        answers(new URL(path, GATEWAY_URL).href),
      ),
    ),
  purchase: () =>
    buyOnce({ url: GATEWAY_URL, event: undefined, token: 'tok_ok', isKept: false, say }),
}

const [what = ''] = process.argv.slice(2)
const attempt = tries[what]
if (!attempt) throw new Error(`say what to try: ${Object.keys(tries).join(', ')}`)
try {
  await attempt()
  say('passed')
} catch (err) {
  if (!(err instanceof SmokeFailed)) throw err
  say(err.message)
  if (!(err instanceof NothingOnSale)) process.exitCode = 1
}

function addressOf(name: string): string {
  return `http://${name}.${NAMESPACE}.svc.cluster.local`
}

async function answers(url: string): Promise<void> {
  const began = performance.now()
  const status = await fetch(url, { signal: AbortSignal.timeout(msMax) }).then(
    (response) => response.status,
    (err: Error) => err.message,
  )
  if (status !== 200) throw new SmokeFailed(`${url}: ${status}`)
  say(`ok  ${url}, ${Math.round(performance.now() - began)} ms`)
}
