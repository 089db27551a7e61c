import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Takes CloudEvents, 100 ms each, and writes down their ids before it answers. */
const server = createServer((incoming, outgoing) => {
  incoming.resume()
  incoming.on('end', () => {
    setTimeout(() => {
      appendFileSync(process.env.COLLECTED ?? '', `${String(incoming.headers['ce-id'])}\n`)
      outgoing.writeHead(204).end()
    }, 100)
  })
})
server.listen(Number(process.env.PORT), process.env.HOST, () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
