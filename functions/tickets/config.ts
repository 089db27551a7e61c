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
      /** Signs the codes of tickets: a new key makes every ticket that is out a forgery. */
      TICKET_KEY: Secret,
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
