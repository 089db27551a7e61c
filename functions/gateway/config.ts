import { z } from 'zod'
import { commonSettings, readSettings, redisSettings, Secret } from '../_runtime/settings.ts'

const count = z.coerce.number().int().min(1)

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
      /** Connections to one function. More requests wait for one of them to be free. */
      CONNECTIONS_PER_FUNCTION: count.default(256),
      /** Streams have connections of their own, so that watchers cannot starve buyers. */
      STREAMS_PER_FUNCTION: count.default(4000),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
