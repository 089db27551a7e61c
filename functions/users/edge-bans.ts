import type { Database } from '../_runtime/database.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import {
  deleteEnded,
  findUntold,
  forgetTold,
  listUntold,
  markTold,
  newestTold,
  type EdgeBan,
} from './store/edge-bans.ts'

/**
 * What the gateway must refuse though its token is good: a banned user, a log-in that was ended, an API key
 * that was revoked. Each is a row, written in the transaction of the change, and after its commit a key
 * `ban:<id>` in Redis, which the gateway reads at each request.
 *
 * Two that change the same ban may come to Redis in the wrong order, and a ban would stand for ever that was
 * lifted. So each change has a version, and one script writes the key only where it knows nothing newer. What
 * Redis was not told, or has lost, the sweep tells it.
 */
export type EdgeBans = {
  /** Tells Redis of these, once they are committed. Where that fails, the sweep does it. */
  tell(ids: readonly string[]): Promise<void>
  /** Tells what is untold, everything where Redis lost it, and deletes what is over; gives how many rows. */
  sweep(): Promise<number>
}

export const banKey = (id: string): string => `ban:${id}`
/** The same hash slot as the ban's own key. */
const versionKey = (id: string): string => `ban-version:{${banKey(id)}}`
/** The newest version that Redis was told. A Redis that lost its data, or a part of it, does not know it. */
export const newestKey = 'users:bans'

const writeBan = `
  local known = redis.call('get', KEYS[2])
  if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
  redis.call('set', KEYS[2], ARGV[1], 'EX', 3600)
  if ARGV[2] == '0' then redis.call('del', KEYS[1])
  elseif ARGV[3] == '' then redis.call('set', KEYS[1], '1')
  else redis.call('set', KEYS[1], '1', 'EX', ARGV[3]) end
  return 1`

const rowsMax = 500

export function createEdgeBans({
  database,
  redis,
}: {
  database: Database
  redis: RedisAttempts
}): EdgeBans {
  async function write(bans: EdgeBan[]): Promise<void> {
    if (bans.length === 0) return
    const newest = Math.max(...bans.map(({ version }) => Number(version)))
    const written = await redis.attempt(async (client) => {
      await Promise.all(
        bans.map(({ id, version, is_banned, seconds }) =>
          client.eval(
            writeBan,
            2,
            banKey(id),
            versionKey(id),
            version,
            is_banned ? '1' : '0',
            String(seconds ?? ''),
          ),
        ),
      )
      return client.set(newestKey, newest)
    })
    if (written !== undefined) await markTold(database, bans)
  }

  return {
    async tell(ids) {
      if (ids.length > 0) await write(await findUntold(database, [...ids]))
    },
    async sweep() {
      const known = await redis.attempt((client) => client.get(newestKey))
      if (known !== undefined && Number(known ?? 0) < (await newestTold(database)))
        await forgetTold(database)
      const untold = await listUntold(database, rowsMax)
      await write(untold)
      const ended = await deleteEnded(database, rowsMax)
      return (known === undefined ? 0 : untold.length) + ended
    },
  }
}
