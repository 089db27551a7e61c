import { merged } from '../_runtime/merge.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import { createBuckets, type Buckets, type Question, type Verdict } from './buckets.ts'
import { askRedis, scripts } from './limit-script.ts'

/** `isLocal` where Redis did not say: the count is this process's own then, and bans are not known. */
export type Judgement = Verdict & { isLocal: boolean }

export type Judge = {
  ask(question: Question): Promise<Judgement>
  /** Forgets what was counted, as after a log-in that succeeded. Not awaited. */
  clear(keys: readonly string[]): void
}

/** Longer than a busy Redis takes, shorter than a buyer notices; then this process counts by itself. */
const askMsMax = 100

/**
 * Asks Redis once a request, and once for all requests of the same moment: what it costs is shared by those who
 * come in a rush. Redis away never means unlimited.
 */
export function createJudge(redis: RedisAttempts, buckets: Buckets = createBuckets()): Judge {
  redis.define(scripts)
  const askShared = merged<Question, Verdict | undefined>(
    async (questions) => {
      const asked = redis.attempt((client) => askRedis(client, questions))
      const answers = await Promise.race([asked, afterwards(askMsMax)])
      return answers ?? questions.map(() => undefined)
    },
    { mayRetry: () => false },
  )
  return {
    async ask(question) {
      const verdict = await askShared(question)
      return verdict ? { ...verdict, isLocal: false } : { ...buckets.ask(question), isLocal: true }
    },
    clear(keys) {
      for (const key of keys) buckets.clear(key)
      void redis.attempt((client) => client.del(keys.map((key) => `limit:${key}`)))
    },
  }
}

const afterwards = (ms: number) =>
  new Promise<undefined>((resolve) => void setTimeout(resolve, ms, undefined).unref())
