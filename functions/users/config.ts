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
      /** Seals signing keys, e-mail addresses and phone numbers. Whoever loses it loses them. */
      KEY_SECRET: Secret,
      /** Seals names and addresses on their way to notifications, which has the same. */
      CONTACT_KEY: Secret,
      ACCESS_SECONDS: z.coerce.number().int().min(1).max(3600).default(900),
      /** How long a key signs before the next one does: 30 days. */
      KEY_ROTATE_SECONDS: z.coerce.number().int().min(1).max(31_536_000).default(2_592_000),
      /**
       * How long a key is public before it signs. Never less than 35: who meets a key that he does not know
       * asks for the set again, but not twice in 30 s.
       */
      KEY_AHEAD_SECONDS: z.coerce.number().int().min(35).max(86_400).default(600),
      /** From log-in to the end of the session, however often it is refreshed. */
      REFRESH_DAYS: z.coerce.number().int().min(1).max(365).default(30),
      /** How long a refresh whose answer was lost may be repeated. */
      REFRESH_GRACE_SECONDS: z.coerce.number().int().min(0).max(60).default(10),
      /** `on` wherever the site is reached over TLS. */
      COOKIE_SECURE: z
        .enum(['on', 'off'])
        .default('off')
        .transform((value) => value === 'on'),
      /** Argon2id at m = 19 MiB, t = 2, p = 1: the least that OWASP's ASVS 5.0 allows (11.4.2). */
      ARGON_MEMORY_KIB: z.coerce.number().int().min(8).max(1_048_576).default(19_456),
      ARGON_PASSES: z.coerce.number().int().min(1).max(20).default(2),
      /** Each hash takes its memory and a thread, so few run at once, and not all may wait. */
      ARGON_AT_ONCE: z.coerce.number().int().min(1).max(64).default(4),
      ARGON_WAITING_MAX: z.coerce.number().int().min(0).max(10_000).default(200),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
