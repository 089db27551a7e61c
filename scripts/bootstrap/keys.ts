import { randomBytes } from 'node:crypto'
import type { Secret } from './kubernetes.ts'

/** Where the servers are, as functions reach them. */
export type Places = {
  /** `host:port` of Postgres itself: what needs a session of its own goes there. */
  postgres: string
  /** `host:port` of the pooler before it; the same where there is none. */
  pooler: string
  /** Added to each URL of Postgres, such as `sslmode=verify-full&sslrootcert=/etc/postgres/ca.crt`. */
  postgresParameters: string
  /** `host:port` */
  redis: string
  redisScheme: 'redis' | 'rediss'
}

const prefix = 'keys.boxoffice.dev/'
const databaseSuffix = '-database'

/**
 * The keys that the Secret is to have by its annotations, and does not have yet, with how each is made. An
 * `optional` one is never missed: the operator may give it.
 */
export const emptyKeys = ({ annotations, values }: Secret): [key: string, recipe: string][] =>
  Object.entries(annotations)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, recipe]): [string, string] => [name.slice(prefix.length), recipe])
    .filter(([key, recipe]) => recipe !== 'optional' && !values[key])

/** 32 bytes, as base64url: nothing in it has to be escaped in a URL. */
export const randomKey = (): string => randomBytes(32).toString('base64url')

/** The function whose database the Secret opens; undefined where it opens none. */
export const databaseOf = ({ name }: Secret): string | undefined =>
  name.endsWith(databaseSuffix) ? name.slice(0, -databaseSuffix.length) : undefined

/** What a recipe other than `random` gives; undefined where only the operator has it. Passwords must be there. */
export function derived(
  recipe: string,
  secret: Secret,
  redisPassword: string,
  places: Places,
): string | undefined {
  switch (recipe) {
    case 'operator':
      return undefined
    case 'redis':
      return `${places.redisScheme}://:${encodeURIComponent(redisPassword)}@${places.redis}`
    case 'database':
      return databaseUrl(secret, places.pooler, places.postgresParameters)
    case 'direct':
      return databaseUrl(secret, places.postgres, places.postgresParameters)
    default:
      return recipe
  }
}

function databaseUrl(secret: Secret, address: string, parameters: string): string {
  const name = databaseOf(secret)
  const { password } = secret.values
  if (name === undefined || !password)
    throw new Error(`the Secret ${secret.name} names no database, or has no password`)
  const url = `postgres://${name}:${encodeURIComponent(password)}@${address}/${name}`
  return parameters ? `${url}?${parameters}` : url
}
