import type { Redis, Result } from 'ioredis'
import type { Question, Verdict } from './buckets.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    judgeCallers(keys: number, ...args: (string | number)[]): Result<number[], Context>
  }
}

/**
 * Judges any number of questions in one atomic call, by Redis's clock, which all gateways share. KEYS are the
 * bans and buckets of all questions in turn; ARGV says of each question how many it has of both, and of each
 * bucket its quota and seconds. A bucket is the microsecond at which it is full again and is gone by then
 * (GCRA; `buckets.ts` has the same rule). Where one bucket refuses, none is counted.
 */
const lua = `
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local answer, key, arg = {}, 1, 1
  while arg <= #ARGV do
    local bans, buckets = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
    arg = arg + 2
    local banned, refused, wait, remaining, reset = 0, 0, 0, 0, 0
    if bans > 0 then
      local found = redis.call('MGET', unpack(KEYS, key, key + bans - 1))
      for i = 1, bans do if found[i] and banned == 0 then banned = i end end
    end
    key = key + bans
    local nexts = {}
    for i = 1, buckets do
      local quota, window = tonumber(ARGV[arg]), ARGV[arg + 1] * 1000000
      local step = math.max(1, math.floor(window / quota))
      local full = tonumber(redis.call('GET', KEYS[key + i - 1]) or 0)
      -- A clock that was set back must not leave anybody waiting for longer than his window.
      local next = math.min(math.max(full, now), now + window) + step
      if next - now - window > wait then refused, wait = i, next - now - window end
      if i == 1 then
        reset = next - now
        remaining = math.max(0, math.floor((window - reset) / step))
      end
      nexts[i] = next
      arg = arg + 2
    end
    if refused == 0 then
      for i = 1, buckets do
        local ms = math.ceil((nexts[i] - now) / 1000)
        redis.call('SET', KEYS[key + i - 1], string.format('%.0f', nexts[i]), 'PX', ms)
      end
    end
    key = key + buckets
    for _, value in ipairs({ banned, refused, math.ceil(wait / 1000), remaining, math.ceil(reset / 1000) }) do
      answer[#answer + 1] = value
    end
  end
  return answer`

export const scripts = { judgeCallers: { lua } }

const figures = 5

/** Answers in the order of the questions. Its keys lie in any slot: this wants one Redis, not a Redis Cluster. */
export async function askRedis(redis: Redis, questions: readonly Question[]): Promise<Verdict[]> {
  const keys: string[] = []
  const rest: number[] = []
  for (const { bans, buckets } of questions) {
    rest.push(bans.length, buckets.length)
    for (const id of bans) keys.push(`ban:${id}`)
    for (const { key, quota, seconds } of buckets) {
      keys.push(`limit:${key}`)
      rest.push(quota, seconds)
    }
  }
  const found = await redis.judgeCallers(keys.length, ...keys, ...rest)
  return questions.map((_, i) => {
    const at = i * figures
    const [bannedAt = 0, refusedAt = 0, waitMs = 0, remaining = 0, resetMs = 0] = found.slice(
      at,
      at + figures,
    )
    return { bannedAt, refusedAt, waitMs, remaining, resetMs }
  })
}
