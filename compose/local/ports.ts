import { connect, createServer, type AddressInfo } from 'node:net'
import type { Daemon } from './daemon.ts'

/** A port of the loopback that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

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
