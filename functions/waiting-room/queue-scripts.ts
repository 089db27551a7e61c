import type { Redis } from 'ioredis'

/** Redis's own clock judges all of a queue: instances do not agree on the time. */
const prelude = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if redis.call('EXISTS', KEYS[1]) == 0 then return {'lost'} end
  local function read(field) return tonumber(redis.call('HGET', KEYS[1], field) or nil) end
  local openedAt = read('openedAt')
  -- Frozen at the opening: nobody joins or leaves those who came early, so a rank in them stays a place.
  local function open(early, opensAt)
    if openedAt or now < opensAt then return end
    openedAt = now
    redis.call('HSET', KEYS[1], 'openedAt', now, 'tickedAt', now, 'early', redis.call('ZCARD', early))
  end
  local function placeOf(early, late, user)
    local number = redis.call('ZSCORE', late, user)
    if number then return read('early') + tonumber(number) - 1, tonumber(number) end
    local rank = redis.call('ZRANK', early, user)
    if rank then return rank, 0 end
  end
  local minute = 60000
  local function within(ledger) redis.call('ZREMRANGEBYSCORE', ledger, '-inf', now - minute) end
`

/**
 * One person is seen: what is his place, and is it his turn? With `joins` he stands in line where he does not
 * yet. The turn itself is taken here: a place that was called, and not yet taken, becomes an admission, at most
 * so many in any minute, however many of those who were called come at once.
 */
const visit = `${prelude}
  local queue, early, late, returned, live, claims, claimed, admission, window = unpack(KEYS)
  local user, draw, opensAt, perMinute, admissionMs, joins, freshId = unpack(ARGV)
  open(early, tonumber(opensAt))

  local function stand()
    if joins == '0' then return {'out'} end
    if not openedAt then
      redis.call('ZADD', early, draw, user)
      return {'early', 0}
    end
    local number = redis.call('HINCRBY', queue, 'late', 1)
    redis.call('ZADD', late, number, user)
    return {'waiting', number, read('early') + number - 1}
  end

  local place, number = placeOf(early, late, user)
  if not place then return stand() end
  if not openedAt then return {'early', 0} end
  local called = read('called')
  if place >= called then return {'waiting', number, place} end

  local kept = redis.call('GET', admission)
  if kept then
    local state = redis.call('EXISTS', window) == 1 and 'shopping' or 'admitted'
    return {state, number, place, kept}
  end
  if redis.call('GETBIT', claimed, place) == 1 then
    if joins == '0' then return {'over', number, place} end
    return stand()
  end
  local reserved = redis.call('ZSCORE', live, place)
  if not reserved or tonumber(reserved) <= now then
    redis.call('ZADD', returned, place, place)
    return {'returned', number, place, redis.call('ZRANK', returned, place)}
  end
  within(claims)
  if now < (read('quietUntil') or 0) or redis.call('ZCARD', claims) >= tonumber(perMinute) then
    return {'returned', number, place, 0}
  end
  local untilMs = now + admissionMs
  local value = freshId .. ':' .. untilMs
  redis.call('SET', admission, value, 'PXAT', untilMs)
  redis.call('SETBIT', claimed, place, 1)
  redis.call('ZADD', live, untilMs, place)
  redis.call('ZADD', claims, now, place)
  return {'claimed', number, place, value}
`

/**
 * Calls those whose turn it is, whoever runs it and however often: first who was called before and came back
 * late, then the next in line. Not above the rate in any 60 s (the ledger), not more than two seconds' worth at
 * once (the credit), and not more than may be admitted at the same time (the live places).
 */
const call = `${prelude}
  local queue, early, returned, live, calls = unpack(KEYS)
  local opensAt, perMinute, admittedMax, claimMs = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
  open(early, opensAt)
  if not openedAt then return {'early', redis.call('ZCARD', early)} end

  within(calls)
  redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
  local lastMinute = 0
  for _, one in ipairs(redis.call('ZRANGE', calls, 0, -1)) do
    lastMinute = lastMinute + tonumber(string.match(one, ':(%d+)$'))
  end
  local called, total = read('called'), read('early') + read('late')
  local credit = (read('credit') or 1) + (now - read('tickedAt')) * perMinute / minute
  credit = math.min(credit, math.max(1, perMinute / 30))
  local places = math.min(math.floor(credit), perMinute - lastMinute, admittedMax - redis.call('ZCARD', live))
  if now < (read('quietUntil') or 0) then places = 0 end

  local function reserve(place) redis.call('ZADD', live, now + claimMs, place) end
  local count = 0
  if places > 0 then
    local back = redis.call('ZPOPMIN', returned, places)
    for i = 1, #back, 2 do reserve(back[i]) end
    count = #back / 2
    local fresh = math.min(places - count, total - called)
    for place = called, called + fresh - 1 do reserve(place) end
    called = called + fresh
    count = count + fresh
  end
  if count > 0 then redis.call('ZADD', calls, now, now .. '-' .. called .. ':' .. count) end
  redis.call('HSET', queue, 'called', called, 'credit', string.format('%.6f', credit - count), 'tickedAt', now)
  return {'open', total, called, lastMinute + count, redis.call('ZCARD', live), redis.call('ZCARD', returned), now - openedAt, count}
`

/** The places of many at once, for streams that wait for the opening; -1 for who has none. */
const places = `${prelude}
  local found = {'places'}
  for i, user in ipairs(ARGV) do found[i + 1] = placeOf(KEYS[2], KEYS[3], user) or -1 end
  return found
`

/** A queue that is complete again, unless another instance was first. */
const finish = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
  redis.call('DEL', KEYS[2])
  return 1
`

/** Gives somebody's place in line to another name, whatever the queue has come to, and ends his admission. */
const rename = `
  for i = 1, 2 do
    local score = redis.call('ZSCORE', KEYS[i], ARGV[1])
    if score then
      redis.call('ZREM', KEYS[i], ARGV[1])
      redis.call('ZADD', KEYS[i], score, ARGV[2])
    end
  end
  redis.call('DEL', KEYS[3], KEYS[4])
  return {'renamed'}
`

/** Keeps the list of hot events unless a newer one is there. */
const keepHot = `
  local kept = redis.call('GET', KEYS[1])
  if kept and cjson.decode(kept).version > tonumber(ARGV[1]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[2])
  return 1
`

export const scripts = {
  visitQueue: { numberOfKeys: 9, lua: visit },
  callNext: { numberOfKeys: 5, lua: call },
  placesInQueue: { numberOfKeys: 3, lua: places },
  finishQueue: { numberOfKeys: 2, lua: finish },
  renameInQueue: { numberOfKeys: 4, lua: rename },
  keepHotEvents: { numberOfKeys: 1, lua: keepHot },
}

type Script = (...args: (string | number)[]) => Promise<(string | number)[]>
export type Scripted = Redis & Record<keyof typeof scripts, Script>

/** A connection that was given the scripts. */
export const withScripts = (client: Redis) => client as Scripted
