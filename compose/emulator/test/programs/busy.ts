import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers 202, and says whether many wait for it when it is asked for /busy or /calm. */
const server = createServer((incoming, outgoing) => {
  incoming.resume()
  const isBusy = { '/busy': true, '/calm': false }[incoming.url ?? '']
  if (isBusy !== undefined) process.send?.({ isBusy })
  outgoing.writeHead(202).end()
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.once('SIGTERM', () => process.exit(0))
process.once('disconnect', () => process.exit(0))
