import type { JSONWebKeySet } from 'jose'
import type { FunctionName } from '../../contracts/functions.ts'
import { createCalls } from './calls.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createRedis } from './redis.ts'
import type { CommonSettings } from './settings.ts'
import { createTokens } from './tokens.ts'

/** Redis keeps the public keys here, so that a token can be checked while `users` sleeps. */
export const jwksKey = 'users:jwks'

/** The part of the runtime that needs no database: all that the gateway has. */
export function createEdge(name: FunctionName, settings: CommonSettings & { REDIS_URL: string }) {
  const log = createLog(name, settings.LOG_LEVEL)
  const metrics = createMetrics(name)
  const redis = createRedis({ url: settings.REDIS_URL, log, metrics })

  const fetchKeys = async (wanted?: string): Promise<JSONWebKeySet | undefined> => {
    const text = await redis.attempt((client) => client.get(jwksKey))
    const kept = text ? (JSON.parse(text) as JSONWebKeySet) : undefined
    // Redis may have an old copy: one that was put back, or that users could not write over.
    if (kept && (!wanted || kept.keys.some(({ kid }) => kid === wanted))) return kept
    try {
      const { jwks } = await import('../../contracts/users.ts')
      return (await calls(jwks, {})).body
    } catch (err) {
      log.warn({ err }, 'the public keys cannot be had')
      return kept
    }
  }
  const tokens = createTokens({ self: name, serviceKey: settings.SERVICE_KEY, fetchKeys })
  const calls = createCalls({
    self: name,
    namespace: settings.NAMESPACE,
    ingressAddress: settings.INGRESS_ADDRESS,
    addresses: settings.FUNCTION_ADDRESSES,
    tokenFor: tokens.forCallee,
    metrics,
  })
  return {
    name,
    log,
    metrics,
    redis,
    tokens,
    calls,
    checkAnswers: settings.CHECK_ANSWERS,
    async close() {
      calls.close()
      await redis.close()
    },
  }
}

export type Edge = ReturnType<typeof createEdge>
