import type { PublicRoute } from './routes.ts'

/** So many requests in so many seconds, all of them at once where the caller likes. */
export type Limit = { quota: number; seconds: number }

export const limitClasses = [
  'credentials',
  'sessions',
  'reads',
  'purchases',
  'writes',
  'webhooks',
] as const
export type LimitClass = (typeof limitClasses)[number]

export const limitScopes = ['user', 'key', 'address', 'account', 'guess'] as const
/** `account` is an account that somebody tries to enter, `guess` the same from one address. */
export type LimitScope = (typeof limitScopes)[number]

export type Limits = Record<LimitClass, Partial<Record<LimitScope, Limit>>>

const perMinute = (quota: number): Limit => ({ quota, seconds: 60 })

/**
 * What a person does in a hurry passes; an address is a household, an office or a whole mobile network, so its
 * limits are only there to stop a machine. Twenty accounts at one address may place 500 orders at once.
 */
export const defaultLimits: Limits = {
  /** Log-in, registration, reset: all that tries a secret or sends mail. */
  credentials: {
    address: perMinute(120),
    account: { quota: 100, seconds: 3600 },
    guess: { quota: 20, seconds: 900 },
  },
  /** Refresh and log-out, by cookie. */
  sessions: { address: perMinute(1200) },
  reads: { user: perMinute(1200), key: perMinute(1200), address: perMinute(12_000) },
  purchases: { user: perMinute(300), key: perMinute(300), address: perMinute(12_000) },
  writes: { user: perMinute(300), key: perMinute(300), address: perMinute(3000) },
  /** Providers send from few addresses, and sign what they send. */
  webhooks: { address: perMinute(60_000) },
}

const purchasing = /^\/v1\/(?:seats|orders|quotes|waiting-room|payments\/intents)(?:\/|$)/
const byCookie = new Set(['/v1/auth/refresh', '/v1/auth/logout'])

/** A route that anyone may write to is taken for one that tries secrets until it is known to be none. */
export function limitClassOf({ method, path, owner, access }: PublicRoute): LimitClass {
  if (method === 'GET') return 'reads'
  if (purchasing.test(path)) return 'purchases'
  if (path.startsWith('/v1/payments/webhooks/')) return 'webhooks'
  if (byCookie.has(path)) return 'sessions'
  return owner === 'users' && access === 'anyone' ? 'credentials' : 'writes'
}

const override = /^([a-z]+)\.([a-z]+)=([1-9]\d{0,8})\/([1-9]\d{0,5})$/

/** `purchases.user=600/60,…` over the defaults: quota and seconds. A limit can be moved, not removed. */
export function readLimits(text: string): Limits {
  const limits = structuredClone(defaultLimits)
  for (const entry of text.split(',').filter((one) => one !== '')) {
    const [, name, scope, quota, seconds] = override.exec(entry.trim()) ?? []
    const limit = limits[name as LimitClass]?.[scope as LimitScope]
    if (!limit) throw new Error(`${entry} is no limit, such as purchases.user=600/60`)
    Object.assign(limit, { quota: Number(quota), seconds: Number(seconds) })
  }
  return limits
}
