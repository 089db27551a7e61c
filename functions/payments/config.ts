import * as z from 'zod'
import {
  commonSettings,
  databaseSettings,
  readSettings,
  redisSettings,
  Secret,
} from '../_runtime/settings.ts'

/** All that this function reads from the environment; what only another provider needs may be absent. */
export const readConfig = (env: NodeJS.ProcessEnv) => {
  const { PROVIDER = 'sandbox' } = env
  const of = (provider: string, field: z.ZodType<string>) =>
    PROVIDER === provider ? field : z.string().default('')
  return readSettings(
    {
      ...commonSettings,
      ...databaseSettings,
      ...redisSettings,
      PROVIDER: z.enum(['sandbox', 'stripe']).default('sandbox'),
      SANDBOX_URL: of('sandbox', z.url({ protocol: /^http$/ })),
      /** What the sandbox bank signs its webhooks with. */
      SANDBOX_WEBHOOK_KEY: of('sandbox', Secret),
      STRIPE_URL: z.url({ protocol: /^https?$/ }).default('https://api.stripe.com'),
      /** A secret key, or a restricted one that may write PaymentIntents and Refunds. */
      STRIPE_KEY: of('stripe', Secret.regex(/^[sr]k_(live|test)_\w+$/)),
      /** The signing secret of the webhook endpoint. */
      STRIPE_WEBHOOK_KEY: of('stripe', Secret.regex(/^whsec_\S+$/)),
      /** Where a payer comes back to after 3-D Secure. */
      PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:8080'),
      /** How long the provider may take for an answer; after that the outcome is unknown. */
      PROVIDER_SECONDS: z.coerce.number().min(0.1).max(20).default(5),
    },
    env,
  )
}

export type Config = ReturnType<typeof readConfig>
