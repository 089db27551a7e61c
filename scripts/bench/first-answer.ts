import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { atEnd } from './ending.ts'

export type FirstAnswer = { healthMs: number; readMs: number | undefined; rssMb: number }

/** Starts `file`, asks it for /health and then, where `read` is given, for that; and ends it. */
export async function firstAnswer(
  file: string,
  env: Record<string, string>,
  read: string | undefined,
  token = '',
): Promise<FirstAnswer> {
  const start = performance.now()
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  atEnd(() => child.kill('SIGKILL'))
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const { port } = await Promise.race([
    new Promise<{ port: number }>((resolve) =>
      child.once('message', (it) => resolve(it as { port: number })),
    ),
    gone.then(() => Promise.reject(new Error(`${file} ended before it listened`))),
  ])
  await get(port, '/health')
  const healthMs = performance.now() - start
  if (read) await get(port, read, token)
  const readMs = read ? performance.now() - start : undefined
  const rssMb = await residentMb(child.pid ?? 0)
  child.kill('SIGTERM')
  await gone
  return { healthMs, readMs, rssMb }
}

/** The memory of a process that is in no file, in MiB; 0 where the system does not say. */
export async function residentMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024
}

/** Any answer below 500 counts: a 404 has asked the database too. */
function get(port: number, path: string, token?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const signal = AbortSignal.timeout(10_000)
    request({ port, path, host: '127.0.0.1', headers, signal }, (incoming) => {
      incoming.resume()
      const status = incoming.statusCode ?? 0
      incoming.on('end', () =>
        status < 500 ? resolve() : reject(new Error(`${path} answered ${status}`)),
      )
    })
      .on('error', reject)
      .end()
  })
}
