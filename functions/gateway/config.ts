import * as z from 'zod'
import { functionNames } from '../../contracts/functions.ts'
import { commonSettings, readSettings, redisSettings, Secret } from '../_runtime/settings.ts'
import { readRanges } from './client-address.ts'
import { readOrigins } from './cors.ts'
import { readLimits } from './limits.ts'

const count = z.coerce.number().int().min(1)

/** A setting with a grammar of its own. */
const parsed = <Value>(read: (text: string) => Value, text: string) =>
  z
    .string()
    .default(text)
    .transform((given, context) => {
      try {
        return read(given)
      } catch (err) {
        context.addIssue({ code: 'custom', message: (err as Error).message })
        return z.NEVER
      }
    })

/** All that this function reads from the environment. */
export const readConfig = (env: NodeJS.ProcessEnv) =>
  readSettings(
    {
      ...commonSettings,
      ...redisSettings,
      /** Checks admissions; waiting-room signs with the same. Without it SERVICE_KEY does both. */
      ADMISSION_KEY: Secret.optional(),
      /** From the request's head to the end of its answer; a stream may last longer once it has begun. */
      REQUEST_SECONDS: z.coerce.number().positive().max(280).default(25),
      /** Requests that are being answered, waiting for a connection or streaming. More are refused with 503. */
      REQUESTS_AT_ONCE: count.default(15_000),
      /** Sockets, busy or idle. More are told 503 and closed. */
      CLIENTS_AT_ONCE: count.default(20_000),
      /** Memory for bodies that are on their way, all together, in MiB. More are refused with 503. */
      BODIES_MIB: count.default(64),
      /** Connections to one function. More requests wait for one of them to be free. */
      CONNECTIONS_PER_FUNCTION: count.default(256),
      /** Streams have connections of their own, so that watchers cannot starve buyers. */
      STREAMS_PER_FUNCTION: count.default(4000),
      /** `purchases.user=600/60,…`: requests and seconds, over the defaults in limits.ts. */
      RATE_LIMITS: parsed(readLimits, ''),
      /** Addresses whose word on where a request came from is believed. */
      TRUSTED_PROXIES: parsed(readRanges, '127.0.0.0/8,::1'),
      /** `https://shop.example,…`: origins whose pages may use the API with credentials. */
      CORS_ORIGINS: parsed(readOrigins, ''),
      /** How long browsers are to insist on TLS; 0 says nothing of it. */
      HSTS_SECONDS: z.coerce.number().int().min(0).default(0),
      /** Woken when somebody opens a seat map. */
      WARM_FUNCTIONS: z
        .string()
        .default('orders,payments,tickets')
        .transform((list) => list.split(',').filter((one) => one !== ''))
        .pipe(z.array(z.enum(functionNames))),
      /** As often as that at most. */
      WARM_SECONDS: z.coerce.number().min(1).default(10),
      /** A port for Prometheus alone; 0 opens none, and `/metrics` is for admins. */
      METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
