import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { atEnd } from './ending.ts'

/** What no server in Node can do without: takes a request, and answers so many bytes. Gives its address. */
export function openBareServer(bytes: number): Promise<string> {
  const child = fork(fileURLToPath(import.meta.url))
  atEnd(() => child.kill())
  return new Promise((fulfil, reject) => {
    child.once('message', (port) => fulfil(`http://127.0.0.1:${Number(port)}`))
    child.once('exit', () => reject(new Error('the bare server ended')))
    child.send(bytes)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once('disconnect', () => process.exit(0))
  process.once('message', (bytes: number) => {
    const body = Buffer.alloc(bytes, 'x')
    const server = createServer((incoming, answer) => {
      incoming.resume()
      incoming.on('end', () => answer.writeHead(200, { 'content-length': bytes }).end(body))
    })
    server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  })
}
