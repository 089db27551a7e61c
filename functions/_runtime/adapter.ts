// oxlint-disable-next-line import/no-unassigned-import -- first: the adapter takes what it finds
import './web-globals.ts'
import { getRequestListener } from '@hono/node-server'
import type { Listener } from './server.ts'

export type FetchCallback = Parameters<typeof getRequestListener>[0]

/** Node's way to call a Hono app. */
export function listenerFor(fetch: FetchCallback): Listener {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false })
  return (incoming, outgoing) => {
    if (incoming.headers.expect !== undefined) outgoing.writeContinue()
    return listener(incoming, outgoing)
  }
}
