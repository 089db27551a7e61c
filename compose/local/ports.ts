import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { Daemon } from './daemon.ts'

/**
 * A port of the loopback that nobody listens on at the moment. It lies below those that systems give to outgoing
 * connections (from 32768 on Linux): one of theirs may be taken again before it is used.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_000)
    if (await isFree(port)) return port
  }
  throw new Error('no port of the loopback is free')
}

export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

const readyMsMax = 60_000

/** Waits until something listens on the port, or says why that will not happen. */
export async function reachable(port: number, daemon: Daemon): Promise<void> {
  const start = performance.now()
  while (!(await isOpen(port))) {
    const end = daemon.ended()
    if (end !== undefined) throw new Error(end)
    if (performance.now() - start > readyMsMax)
      throw new Error(`nothing listens on port ${port} after a minute`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
