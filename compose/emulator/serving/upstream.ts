import { Connection } from './connection.ts'

/** The connections to one address. They grow with what is in flight; who limits that is the caller. */
export type Upstream = {
  readonly host: string
  readonly port: number
  /** A free connection, or a new one. */
  connection(): Connection
  /** Ends what has been free for longer, so that the server is never first to close. */
  endIdle(idleMs: number): void
  /** Ends every connection that is free, and each other one when it gets free. */
  close(): void
}

export function createUpstream(host: string, port: number): Upstream {
  const free: Connection[] = []
  let isClosed = false

  const pool = {
    onFree(connection: Connection) {
      if (isClosed) return connection.destroy()
      connection.freeSince = performance.now()
      free.push(connection)
    },
    onGone(connection: Connection) {
      const at = free.indexOf(connection)
      if (at >= 0) free.splice(at, 1)
    },
  }

  return {
    host,
    port,
    // The one used last: those that are not needed any more stay unused and can be ended.
    connection: () => free.pop() ?? new Connection(host, port, pool),
    endIdle(idleMs) {
      const limit = performance.now() - idleMs
      while (free[0] && free[0].freeSince < limit) free.shift()?.destroy()
    },
    close() {
      isClosed = true
      for (const connection of free.splice(0)) connection.destroy()
    },
  }
}
