import { Agent, request } from 'node:http'

export type Answer<Body = Record<string, unknown>> = { status: number; body: Body | undefined }

export type Asked = {
  method?: string
  path: string
  /** Another host of the ingress than the gateway's. */
  host?: string
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const answerMsMax = 30_000

/** Asks once. A connection that was refused or broke is status 0. */
export function ask<Body = Record<string, unknown>>(
  port: number,
  asked: Asked,
): Promise<Answer<Body>> {
  const { method = 'GET', path, host = `127.0.0.1:${port}`, token, body } = asked
  const text = body === undefined ? '' : JSON.stringify(body)
  const headers = {
    host,
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(text),
    ...asked.headers,
  }
  return new Promise((resolve) => {
    const none = () => resolve({ status: 0, body: undefined })
    const signal = AbortSignal.timeout(answerMsMax)
    request({ agent, host: '127.0.0.1', port, method, path, headers, signal }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', none)
      incoming.on('end', () => {
        const { statusCode: status = 0, headers: given } = incoming
        const isJson = /json/.test(given['content-type'] ?? '')
        const whole = Buffer.concat(chunks).toString()
        resolve({ status, body: isJson ? (JSON.parse(whole) as Body) : undefined })
      })
    })
      .on('error', none)
      .end(text)
  })
}

/** Answers that only mean: not now. A client asks again after them, with the same key. */
export const passes = ({ status, body }: Answer): boolean =>
  status === 0 ||
  status === 429 ||
  (status >= 502 && status <= 504) ||
  (status === 409 && body?.code === 'request-in-progress')

/** Waits until something comes true, or throws with its name. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  secondsMax: number,
): Promise<void> {
  const start = performance.now()
  while (!(await isSo())) {
    if (performance.now() - start > secondsMax * 1000)
      throw new Error(`not after ${secondsMax} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
