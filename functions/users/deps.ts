import { createContactSeal, type ContactSeal } from '../_runtime/contact.ts'
import type { Runtime } from '../_runtime/runtime.ts'
import { createSeal, type Seal } from '../_runtime/seal.ts'
import { clockToleranceSeconds, createTokens } from '../_runtime/tokens.ts'
import type { Config } from './config.ts'
import { keyTokenSeconds } from './api-keys.ts'
import { createEdgeBans, type EdgeBans } from './edge-bans.ts'
import { createKeys, type Keys } from './keys.ts'
import { createPasswords, type Passwords } from './passwords.ts'

/** What the use cases of users work with. */
export type Deps = Runtime & {
  seal: Seal
  contacts: ContactSeal
  passwords: Passwords
  keys: Keys
  edgeBans: EdgeBans
  accessSeconds: number
  /** How long the edge must refuse a log-in that was ended: as long as a token of it may be taken. */
  sessionBanSeconds: number
  refreshDays: number
  refreshGraceSeconds: number
  isCookieSecure: boolean
  /** Counts log-ins by what came of them. */
  logIns: { inc(labels: { outcome: 'opened' | 'refused' }): void }
  /** Counts refreshes by what came of them; `reused` is a token in two hands. */
  refreshes: { inc(labels: { outcome: 'rotated' | 'repeated' | 'reused' | 'unknown' }): void }
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  const seal = createSeal(config.KEY_SECRET)
  const keys = createKeys(runtime, seal, {
    rotateSeconds: config.KEY_ROTATE_SECONDS,
    aheadSeconds: config.KEY_AHEAD_SECONDS,
    tokenSeconds: Math.max(config.ACCESS_SECONDS, keyTokenSeconds),
  })
  return {
    ...runtime,
    seal,
    contacts: createContactSeal(config.CONTACT_KEY),
    keys,
    edgeBans: createEdgeBans(runtime),
    passwords: createPasswords({
      memoryKib: config.ARGON_MEMORY_KIB,
      passes: config.ARGON_PASSES,
      atOnce: config.ARGON_AT_ONCE,
      waitingMax: config.ARGON_WAITING_MAX,
    }),
    // The keys lie in this function's own database: it asks neither Redis nor itself over HTTP for them.
    tokens: createTokens({
      self: 'users',
      serviceKey: config.SERVICE_KEY,
      fetchKeys: async () => ({ keys: await keys.published() }),
    }),
    accessSeconds: config.ACCESS_SECONDS,
    sessionBanSeconds: config.ACCESS_SECONDS + 2 * clockToleranceSeconds,
    refreshDays: config.REFRESH_DAYS,
    refreshGraceSeconds: config.REFRESH_GRACE_SECONDS,
    isCookieSecure: config.COOKIE_SECURE,
    logIns: runtime.metrics.counter('log_ins_total', 'Log-ins by outcome', ['outcome']),
    refreshes: runtime.metrics.counter('refreshes_total', 'Refreshes by outcome', ['outcome']),
  }
}
