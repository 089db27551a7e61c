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
      /** Seals addresses, names and the codes of tickets that still wait to be sent. */
      KEY_SECRET: Secret,
      /** Opens names and addresses that users tells; users has the same. */
      CONTACT_KEY: Secret,
      /** `smtp://…` or `smtps://…`, with user and password where the server wants them. */
      SMTP_URL: z.url({ protocol: /^smtps?$/ }),
      /** `tickets@example.org` or `Boxoffice <tickets@example.org>`. */
      MAIL_FROM: z.string().regex(/^[^\r\n]*[^\s<>@]+@[^\s<>@]+>?$/, 'must be an e-mail address'),
      /** Where links in mails lead. */
      PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8080'),
      /** One attempt to hand over a mail; well below the lease of a message. */
      SMTP_SECONDS: z.coerce.number().min(0.1).max(30).default(10),
      /** Connections to the mail server, and mails on their way at the same time. */
      MAILS_AT_ONCE: z.coerce.number().int().min(1).max(32).default(4),
    },
    env,
  )

export type Config = ReturnType<typeof readConfig>
