import { Agent as HttpAgent } from 'node:http'
import { Agent } from 'node:https'
import type Stripe from 'stripe'
import { remainingMs } from '../_runtime/context.ts'
import { codeOf } from '../_runtime/database.ts'
import { Problem } from '../_runtime/problem.ts'
import { ProviderFailed } from './provider.ts'

export type StripeClientOptions = { url: string; key: string; limitMs: number }

/** One request to Stripe; `timeout` is what is left of the time. */
type Request<Result> = (stripe: Stripe, options: { timeout: number }) => Promise<Result>

/** Asks Stripe, within the time that one call of the port has. `effect` is what no answer means. */
export type Asking = <Result>(
  effect: ProviderFailed['effect'],
  request: Request<Result>,
) => Promise<Result>

/** Left of the caller's time, to write down and to say what is not known. */
const spareMs = 150
const socketsMax = 64

/**
 * Stripe's own SDK, loaded when it is first needed: a shop with another provider never reads it. What it
 * throws is not handed on, because it carries the PaymentIntent, the client's secret and the card's last digits.
 */
export function createStripeClient({ url, key, limitMs }: StripeClientOptions) {
  const { protocol, hostname, port } = new URL(url)
  const isPlain = protocol === 'http:'
  const agent = new (isPlain ? HttpAgent : Agent)({ keepAlive: true, maxSockets: socketsMax })
  let opened: Promise<Stripe> | undefined
  const open = async () => {
    const { default: Sdk } = await import('stripe')
    return new Sdk(key, {
      host: hostname,
      port: port || (isPlain ? 80 : 443),
      protocol: isPlain ? 'http' : 'https',
      httpAgent: agent,
      // Closed connections it tries once more all the same, under the same key.
      maxNetworkRetries: 0,
      telemetry: false,
    })
  }

  return {
    /** The time limit begins here, and is that of all that is asked through the result. */
    begin(): Asking {
      const endsAt = performance.now() + Math.min(limitMs, remainingMs(Infinity) - spareMs)
      let isFirst = true
      return async (effect, request) => {
        const leftMs = Math.ceil(endsAt - performance.now())
        if (leftMs <= 0) throw isFirst ? tooLate() : new ProviderFailed(effect, tooLate())
        isFirst = false
        const stripe = await (opened ??= open())
        return within(leftMs, request(stripe, { timeout: leftMs })).catch((err: unknown) => {
          throw readFailure(err, effect)
        })
      }
    },
    close: () => agent.destroy(),
  }
}

const tooLate = () => new Problem('time-limit', 'The time for this request is over')

/** The SDK's own limit begins again with each byte. */
async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ProviderFailed('unknown', new Error('time limit'))),
      limitMs,
    )
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** What Stripe answered instead of doing what it was asked. */
export class StripeRefused extends Error {
  override name = 'StripeRefused'
  readonly type: string
  readonly code: string | undefined
  readonly param: string | undefined
  /** The PaymentIntent that it is about, as it stands now; not enumerable, so that no log shows it. */
  declare readonly intent: unknown

  constructor(given: Stripe.errors.StripeError) {
    const { type, code, statusCode, param } = given
    super(`Stripe answered ${statusCode} ${code ?? type}${param ? ` for ${param}` : ''}`)
    this.type = type
    this.code = code
    this.param = param
    Object.defineProperty(this, 'intent', { value: given.payment_intent })
  }
}

function readFailure(err: unknown, effect: ProviderFailed['effect']): unknown {
  if (err instanceof ProviderFailed) return new ProviderFailed(effect, err.cause)
  if (!isStripeError(err)) return err
  if (err.type === 'StripeConnectionError')
    return new ProviderFailed(effect, new Error(`no connection: ${codeOf(err.detail) ?? 'ended'}`))
  const refused = new StripeRefused(err)
  // Asked too often: Stripe did not even look at it.
  if (err.statusCode === 429) return new ProviderFailed('none', refused)
  // Broken there, or the same key is at work in another request.
  const isOpen = err.statusCode === undefined || err.statusCode >= 500 || err.statusCode === 409
  return isOpen ? new ProviderFailed(effect, refused) : refused
}

const isStripeError = (err: unknown): err is Stripe.errors.StripeError =>
  err instanceof Error && 'type' in err && String(err.type).startsWith('Stripe')
