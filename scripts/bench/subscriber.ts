import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { atEnd } from './ending.ts'

export type Subscriber = {
  port: number
  /** Resolves once so many CloudEvents have come since the last time. */
  received(count: number): Promise<void>
}

/** Takes every CloudEvent and does nothing with it; a process of its own. */
export async function openSubscriber(): Promise<Subscriber> {
  const child = fork(fileURLToPath(import.meta.url))
  atEnd(() => child.kill())
  const told = () =>
    new Promise<unknown>((fulfil, reject) => {
      child.once('message', fulfil)
      child.once('exit', () => reject(new Error('the subscriber ended')))
    })
  const port = Number(await told())
  return {
    port,
    async received(count) {
      child.send(count)
      await told()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let received = 0
  let wanted = Infinity
  const look = () => {
    if (received < wanted) return
    received -= wanted
    wanted = Infinity
    process.send?.('received')
  }
  process.once('disconnect', () => process.exit(0))
  process.on('message', (count: number) => {
    wanted = count
    look()
  })
  const server = createServer((incoming, answer) => {
    incoming.resume()
    incoming.on('end', () => {
      answer.writeHead(204).end()
      received += 1
      look()
    })
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}
