import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/*
 * What a function talks to while its image is built, where no Postgres, no Redis and no `users` is: as much of them as
 * has a function run what it will run at a cold start. Nobody else is ever served by them.
 */

/** Lets everybody in, and finds nothing: every statement gives no row. Gives its port. */
export const startPostgres = (): Promise<number> =>
  listen((socket) => {
    let rest = Buffer.alloc(0)
    let isOpen = false
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      // The first message has no type.
      for (let at = isOpen ? 1 : 0; rest.length >= at + 4; at = 1) {
        const length = at + rest.readInt32BE(at)
        if (rest.length < length) return
        const type = isOpen ? String.fromCharCode(rest[0] ?? 0) : 'startup'
        isOpen = true
        rest = rest.subarray(length)
        for (const [kind, body] of answers[type] ?? []) socket.write(message(kind, body))
      }
    })
  })

const idle = Buffer.from('I')
const done = Buffer.from('SELECT 0\0')
/** What Postgres says to Parse, Bind, Describe, Execute, Sync and a simple query: parsed, bound, no data, done, ready. */
const answers: Record<string, [kind: string, body?: Buffer][]> = {
  startup: [
    ['R', Buffer.alloc(4)],
    ['Z', idle],
  ],
  P: [['1']],
  B: [['2']],
  D: [['n']],
  E: [['C', done]],
  S: [['Z', idle]],
  Q: [
    ['C', done],
    ['Z', idle],
  ],
}

function message(kind: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.from(`${kind}\0\0\0\0`, 'latin1')
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

/** Has a value for each of `values` and is content with everything else. Gives its port. */
export const startRedis = (values: Record<string, string>): Promise<number> =>
  listen((socket) => {
    socket.setEncoding('latin1')
    let rest = ''
    socket.on('data', (chunk: string) => {
      rest += chunk
      for (;;) {
        const [command, length] = readCommand(rest)
        if (!command) return
        rest = rest.slice(length)
        const [verb = '', key = ''] = command
        const value = verb.toLowerCase() === 'info' ? 'redis_version:8.0.0' : values[key]
        socket.write(value === undefined ? '+OK\r\n' : `$${value.length}\r\n${value}\r\n`)
      }
    })
  })

/** The first command in `text`, an array of bulk strings, and its length; nothing where it is not whole yet. */
function readCommand(text: string): [words: string[] | undefined, length: number] {
  const words: string[] = []
  let at = text.indexOf('\r\n') + 2
  const count = Number(text.slice(1, at - 2))
  while (at > 1 && words.length < count) {
    const end = text.indexOf('\r\n', at)
    const length = Number(text.slice(at + 1, end))
    if (end === -1 || text.length < end + 4 + length) return [undefined, 0]
    words.push(text.slice(end + 2, end + 2 + length))
    at = end + 4 + length
  }
  return at > 1 ? [words, at] : [undefined, 0]
}

/** An admin's access token, and the keys that it is checked with, as `users` would give them. */
export function newToken(): { token: string; keys: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seconds = Math.floor(Date.now() / 1000)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid: 'warm-up' }
  const issued = { iss: 'boxoffice', aud: 'boxoffice', iat: seconds, exp: seconds + 300 }
  const whom = { sub: randomUUID(), sid: randomUUID(), roles: ['customer', 'admin'] }
  const signed = `${encode(header)}.${encode({ ...issued, ...whom })}`
  const signature = sign(null, Buffer.from(signed), privateKey).toString('base64url')
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'warm-up', alg: 'EdDSA', use: 'sig' }
  return { token: `${signed}.${signature}`, keys: JSON.stringify({ keys: [key] }) }
}

function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  server.unref()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
