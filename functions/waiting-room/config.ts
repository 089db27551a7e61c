import * as z from 'zod'
import {
  commonSettings,
  databaseSettings,
  readSettings,
  redisSettings,
  Secret,
} from '../_runtime/settings.ts'

/** All that this function reads from the environment. */
export const readConfig = (env: NodeJS.ProcessEnv) =>
  readSettings(
    {
      ...commonSettings,
      ...databaseSettings,
      ...redisSettings,
      /** Signs admissions, and draws the order; the gateway needs the same. Without it SERVICE_KEY does both. */
      ADMISSION_KEY: Secret.optional(),
      /** How long a place that was called waits for its person to be seen. */
      CLAIM_SECONDS: z.coerce.number().int().min(5).max(3600).default(120),
      /** Hot events at the same time: every gateway reads their list each second. */
      HOT_EVENTS_MAX: z.coerce.number().int().min(1).max(10_000).default(500),
      /** Open streams of one instance; more are refused with 503. */
      STREAMS_MAX: z.coerce.number().int().min(1).max(1_000_000).default(120_000),
      /** How long the queue of an event that is over is kept. */
      KEPT_HOURS: z.coerce.number().int().min(1).max(8760).default(24),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
