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
      HOLD_SECONDS: z.coerce.number().int().min(1).max(3600).default(900),
      /** A hold and its extension together. */
      HOLD_SECONDS_MAX: z.coerce.number().int().min(1).max(7200).default(1800),
      SEATS_PER_HOLD_MAX: z.coerce.number().int().min(1).max(100).default(10),
      /** Of one event, held and bought together; an event may say fewer. */
      SEATS_PER_BUYER_MAX: z.coerce.number().int().min(1).max(10_000).default(100),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
