import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers what it was asked, after `delay` ms; told so, it streams or ends. */
let most = 0
let now = 0

const server = createServer((incoming, outgoing) => {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://x')
  if (pathname === '/exit') process.exit(3)
  if (pathname === '/stream') return stream(outgoing)
  most = Math.max(most, ++now)
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => setTimeout(answer, Number(searchParams.get('delay') ?? 0)))

  function answer(): void {
    now--
    const { method, url, headers } = incoming
    const body = Buffer.concat(chunks)
    const text = JSON.stringify({
      method,
      url,
      headers,
      body: body.length > 1000 ? body.length : body.toString(),
      pid: process.pid,
      most,
      environment: process.env,
    })
    outgoing.writeHead(200, { 'content-type': 'application/json', 'keep-alive': 'timeout=9' })
    outgoing.end(text)
  }
})

function stream(outgoing: import('node:http').ServerResponse): void {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  let number = 0
  const send = () => outgoing.write(`data: ${number++}\n\n`)
  let timer = setTimeout(() => (timer = setInterval(send, 50)), 400)
  outgoing.on('close', () => clearInterval(timer))
}

server.listen(Number(process.env.PORT), process.env.HOST, () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
console.log('listening')
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => server.close(() => process.exit(0)).closeIdleConnections())
