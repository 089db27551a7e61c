import { z } from 'zod'
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
      PROVIDER: z.enum(['sandbox']).default('sandbox'),
      SANDBOX_URL: z.url({ protocol: /^http$/ }),
      /** What the sandbox bank signs its webhooks with. */
      SANDBOX_WEBHOOK_KEY: Secret,
      /** How long the provider may take for an answer; after that the outcome is unknown. */
      PROVIDER_SECONDS: z.coerce.number().min(0.1).max(20).default(5),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
