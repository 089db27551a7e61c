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
      /** How long a replay waits for its answer; below the gateway's 25 s. */
      REPLAY_SECONDS: z.coerce.number().min(0.1).max(50).default(15),
      /** Dead letters in all. Beyond it the oldest settled ones go, and then the oldest of all. */
      KEPT_MAX: z.coerce.number().int().min(1).max(1_000_000).default(10_000),
      /** How long one that was replayed or discarded is kept. */
      KEPT_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
