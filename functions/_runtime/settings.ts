import { functionNames } from '../../contracts/functions.ts'
import * as z from 'zod'

/** A key that came from a generator, not from a person: 32 bytes or more, as base64url or hex. */
export const Secret = z.string().min(32)

/** `on` or `off`. */
export const Switch = z.enum(['on', 'off']).transform((value) => value === 'on')

/** The settings that every function has; a function's `config.ts` adds its own. */
export const commonSettings = {
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  HOST: z.string().default('0.0.0.0'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Where CloudEvents go: the Broker's address. */
  BROKER_URL: z.url(),
  /** Where several go in one request, if the Broker takes that: Knative's does not. */
  BROKER_BATCH_URL: z.url().optional(),
  /** Signs the tokens that functions show each other. */
  SERVICE_KEY: Secret,
  /** Signs CloudEvents that move money, seats or rights. */
  EVENT_KEY: Secret,
  /** `host:port` of the ingress where names of functions do not resolve, as on a laptop. */
  INGRESS_ADDRESS: z.string().optional(),
  /** `seating=127.0.0.1:4001,…`: functions that are called past the ingress. */
  FUNCTION_ADDRESSES: z.string().default(''),
  NAMESPACE: z.string().default('boxoffice'),
  /** Compares every answer with its contract, and answers 500 where they differ. For tests. */
  CHECK_ANSWERS: Switch.default(false),
}

/** For functions that own a database. */
export const databaseSettings = {
  DATABASE_URL: z.url(),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(1).max(100).default(6),
  /** `off` for poolers in transaction mode that cannot keep prepared statements (PgBouncer before 1.21). */
  PREPARED: Switch.default(true),
}

export const redisSettings = { REDIS_URL: z.url() }

export const CommonSettings = z.object(commonSettings)
export type CommonSettings = z.output<typeof CommonSettings>

/** Reads the environment, or stops with every setting that is wrong, and never with its value. */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
): z.output<z.ZodObject<Shape>> {
  const parsed = z.object(shape).safeParse(env)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`Settings are missing or wrong:\n${lines.join('\n')}`)
}

export const isFunctionName = (name: unknown): name is (typeof functionNames)[number] =>
  functionNames.some((known) => known === name)
