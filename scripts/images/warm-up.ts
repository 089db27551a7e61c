import { spawn } from 'node:child_process'
import { chmodSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'node:http'
import { newToken, startPostgres, startRedis } from './stand-ins.ts'

/*
 * `node warm-up.ts FILE FOLDER`, in functions/Dockerfile: runs a bundle once, so that V8's compiled code lies in the
 * image. Postgres and Redis are stand-ins that find nothing, and nobody else is there; what was compiled on the way to
 * each answer is kept in FOLDER when the process ends.
 */
const [file = '', folder = ''] = process.argv.slice(2)
const nowhere = '127.0.0.1:9'
const { token, keys } = newToken()
const key = 'nobody ever signs anything with this one'
const settings = {
  BROKER_URL: `http://${nowhere}/boxoffice/default`,
  DATABASE_URL: `postgres://nobody:nothing@127.0.0.1:${await startPostgres()}/none`,
  REDIS_URL: `redis://127.0.0.1:${await startRedis({ 'users:jwks': keys })}`,
  INGRESS_ADDRESS: nowhere,
  SANDBOX_URL: `http://${nowhere}`,
  SMTP_URL: `smtp://${nowhere}`,
  MAIL_FROM: 'tickets@boxoffice.example',
  SERVICE_KEY: key,
  EVENT_KEY: key,
  KEY_SECRET: key,
  CONTACT_KEY: key,
  TICKET_KEY: key,
  SANDBOX_WEBHOOK_KEY: key,
  LOG_LEVEL: 'silent',
}
const event = {
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/warm-up',
  'ce-type': 'dev.knative.sources.ping',
}
const id = '0190a8f0-0000-7000-8000-000000000000'
/** A read of each function; the others know nothing of it. */
const reads = [
  '/health',
  '/metrics',
  '/.well-known/jwks.json',
  '/v1/events',
  `/v1/seats?eventId=${id}`,
  '/v1/users/me',
  '/v1/orders',
  `/v1/payments/${id}`,
  '/v1/tickets',
  '/v1/notifications',
  `/v1/waiting-room/${id}`,
  '/v1/dead-letters',
]

const child = spawn(process.execPath, [file], {
  env: { ...process.env, ...settings, PORT: '0', HOST: '127.0.0.1', NODE_COMPILE_CACHE: folder },
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
})
const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
const port = await Promise.race([
  new Promise<number>((resolve) =>
    child.once('message', (message) => resolve((message as { port: number }).port)),
  ),
  ended.then((code) => Promise.reject(new Error(`${file} ended with ${code} before it listened`))),
])
for (const headers of [{}, { authorization: `Bearer ${token}` }])
  for (const path of reads) await ask('GET', path, headers)
await ask('POST', '/', event, '{}')
child.kill('SIGTERM')
const code = await ended
if (code !== 0) throw new Error(`${file} ended with ${code}`)
const kept = globSync('*/*', { cwd: folder })
if (kept.length === 0) throw new Error(`nothing was kept in ${folder}`)
// Node makes them for its own user only; in the image they are root's, so that nothing there can change them.
for (const one of kept) chmodSync(join(folder, one), 0o644)

/** Whatever is answered is right: what counts is the code on the way to it. */
function ask(method: string, path: string, headers = {}, body = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(10_000)
    request({ port, host: '127.0.0.1', method, path, headers, signal }, (incoming) => {
      incoming.resume()
      incoming.on('end', resolve)
    })
      .on('error', reject)
      .end(body)
  })
}
