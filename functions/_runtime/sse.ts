import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'

/** One change, ready to be sent. */
export type StreamMessage = { event: string; data: string; id?: string }

export type Feed = {
  /** Calls `push` at each change until `signal` aborts. Throws where it cannot be had, and is then polled. */
  subscribe: (push: (message: StreamMessage) => void, signal: AbortSignal) => Promise<void>
  /** What has changed since the last call, or since `lastEventId` at the first. */
  poll: (lastEventId: string | undefined) => Promise<StreamMessage[]>
}

const beatMs = 15_000
const endMs = 240_000
const pollMs = 2000
const waitingMax = 1000

/**
 * Server-sent events that begin with what the client has missed, then follow the feed. They end after 240 s
 * with `retry:`, below every proxy's limit, and the client comes back with its Last-Event-ID. A comment each
 * 15 s keeps idle connections open. Messages wait for a slow client up to a limit; past it the stream ends
 * and the client resumes.
 */
export function streamFeed(c: Context, feed: Feed, lastEventId: string | undefined): Response {
  c.header('cache-control', 'no-store')
  c.header('x-accel-buffering', 'no')
  return streamSSE(c, async (stream) => {
    const ended = new AbortController()
    const end = setTimeout(() => ended.abort(), endMs)
    stream.onAbort(() => ended.abort())
    const waiting: StreamMessage[] = []
    let wake = () => {}
    const push = (message: StreamMessage) => {
      if (waiting.push(message) > waitingMax) ended.abort()
      wake()
    }
    ended.signal.addEventListener('abort', () => wake())

    const isLive = await feed.subscribe(push, ended.signal).then(
      () => true,
      () => false,
    )
    for (const message of await feed.poll(lastEventId)) await stream.writeSSE(message)
    while (!ended.signal.aborted) {
      const next = waiting.shift()
      if (next) {
        await stream.writeSSE(next)
        continue
      }
      const isIdle = await sleepUntilWoken((resolve) => (wake = resolve), isLive ? beatMs : pollMs)
      if (isIdle && !isLive) for (const message of await feed.poll(undefined)) push(message)
      else if (isIdle) await stream.write(': still here\n\n')
    }
    clearTimeout(end)
    if (!stream.aborted) await stream.write('retry: 1000\n\n')
  })
}

/** True where nobody woke it in `ms`. */
function sleepUntilWoken(onWake: (resolve: () => void) => void, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), ms)
    onWake(() => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}
