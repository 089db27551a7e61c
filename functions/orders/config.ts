import * as z from 'zod'
import {
  commonSettings,
  databaseSettings,
  readSettings,
  redisSettings,
} from '../_runtime/settings.ts'

/** All that this function reads from the environment. */
export const readConfig = (env: NodeJS.ProcessEnv) =>
  readSettings(
    {
      ...commonSettings,
      ...databaseSettings,
      ...redisSettings,
      /** How long a request waits for its order before it answers 202. */
      SAGA_SECONDS: z.coerce.number().min(1).max(60).default(15),
      /** How long an order is left to whoever works on it, before the sweep takes it over. */
      LEASE_SECONDS: z.coerce.number().min(1).max(300).default(30),
      /** Orders may be given back until this long before the event begins. */
      REFUND_HOURS_BEFORE: z.coerce.number().min(0).max(8760).default(0),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
