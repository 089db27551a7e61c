import type { Feed } from '../_runtime/sse.ts'
import type { Deps } from './deps.ts'
import { channelOf } from './drive.ts'
import { findOrder } from './store/orders.ts'
import { presentOrder } from './views.ts'

/** What a watcher of one order gets: the whole order, at first and at each change. */
export function orderFeed({ database, redis }: Deps, id: string): Feed {
  let seen = ''
  const look = async () => {
    const order = await findOrder(database, id)
    const data = order ? JSON.stringify(presentOrder(order)) : seen
    if (data === seen) return []
    seen = data
    return [{ event: 'order', id: String(order?.version), data }]
  }
  return {
    async subscribe(push, signal) {
      const subscriber = await redis.subscriber()
      signal.addEventListener('abort', () => subscriber.disconnect())
      subscriber.on('message', () => void look().then((messages) => messages.forEach(push)))
      await subscriber.subscribe(channelOf(id))
    },
    poll: look,
  }
}
