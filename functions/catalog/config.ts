import {
  commonSettings,
  databaseSettings,
  readSettings,
  redisSettings,
} from '../_runtime/settings.ts'

/** All that this function reads from the environment. */
export const readConfig = (env: NodeJS.ProcessEnv) =>
  readSettings({ ...commonSettings, ...databaseSettings, ...redisSettings }, env)

export type Config = ReturnType<typeof readConfig>
