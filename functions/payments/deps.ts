import type { Sql } from '../_runtime/database.ts'
import type { Runtime } from '../_runtime/runtime.ts'
import type { Config } from './config.ts'
import type { Provider } from './provider.ts'
import { createSandbox } from './sandbox.ts'
import { createStripe } from './stripe.ts'
import { createKeyMemories } from './store/provider-charges.ts'
import { createSettle } from './store/settle.ts'

/** What the use cases of payments work with. */
export type Deps = Runtime & {
  provider: Provider
  settle: ReturnType<typeof createSettle>
  /** Only for times that others wrote down by their clock; what is due is judged by the database. */
  now: () => Date
  /** Counts payments that failed, and those whose end is not known. */
  failed: { inc(labels: { reason: string }): void }
}

const providers: Record<Config['PROVIDER'], (config: Config, database: Sql) => Provider> = {
  sandbox: (config) =>
    createSandbox({
      url: config.SANDBOX_URL,
      webhookKey: config.SANDBOX_WEBHOOK_KEY,
      limitMs: config.PROVIDER_SECONDS * 1000,
    }),
  stripe: (config, database) =>
    createStripe({
      url: config.STRIPE_URL,
      key: config.STRIPE_KEY,
      webhookKey: config.STRIPE_WEBHOOK_KEY,
      limitMs: config.PROVIDER_SECONDS * 1000,
      returnUrl: config.PUBLIC_URL,
      keys: createKeyMemories(database, 'stripe'),
    }),
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  return {
    ...runtime,
    provider: providers[config.PROVIDER](config, runtime.database),
    settle: createSettle(runtime.database),
    now: () => new Date(),
    failed: runtime.metrics.counter(
      'payments_failed_total',
      'Payments that failed or whose end was unknown, by reason',
      ['reason'],
    ),
  }
}
