import { newId } from '../../functions/_runtime/ids.ts'

/**
 * What a client knows of a request, in the words of Jepsen: `ok`, it was done; `fail`, it was not, and had no
 * effect; `info`, it may have been done or not, because no answer came, or one that says so.
 */
export type Kind = 'ok' | 'fail' | 'info'

export type Answer = {
  kind: Kind
  /** 0 where there was none. */
  status: number
  code: string
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the API answers; what is read of it is checked
  body: any
  text: string
  headers: Headers
  /** Wall clock, in milliseconds. */
  invokedMs: number
  doneMs: number
}

export type Asking = {
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
  token?: string
}

export type Dishonest = { line: string; status: number; invokedMs: number; doneMs: number }

export type Client = {
  ask(asking: Asking): Promise<Answer>
  counts: Record<Kind, number>
  /** Answers that no client could do anything with. */
  dishonest: Dishonest[]
}

const answerMsMax = 12_000
const dishonestMax = 500

/** Asks as an app would, and keeps what it was told. */
export function createClient(url: string): Client {
  const counts = { ok: 0, fail: 0, info: 0 }
  const dishonest: Dishonest[] = []

  async function send({ method, path, body, headers, token }: Asking) {
    const response = await fetch(url + path, {
      method,
      headers: {
        'x-correlation-id': newId(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMsMax),
    })
    const text = await response.text()
    return { status: response.status, text, headers: response.headers }
  }

  return {
    counts,
    dishonest,
    async ask(asking) {
      const invokedMs = Date.now()
      const { status, text, headers } = await send(asking).catch(() => ({
        status: 0,
        text: '',
        headers: new Headers(),
      }))
      const body = parse(text, headers)
      const kind = kindOf(status)
      const code = status >= 400 ? String(body?.code) : ''
      counts[kind] += 1
      const why = lieOf({ status, body, headers })
      const doneMs = Date.now()
      const line = `${asking.method} ${asking.path}: ${why}: ${text.slice(0, 300)}`
      if (why !== undefined && dishonest.length < dishonestMax)
        dishonest.push({ line, status, invokedMs, doneMs })
      return { kind, status, code, body, text, headers, invokedMs, doneMs }
    },
  }
}

/** A server's own word, without a body, for a request that does not come to its end. */
const cutOff = 408

const kindOf = (status: number): Kind => {
  if (status >= 200 && status < 300) return 'ok'
  return status >= 400 && status < 500 && status !== cutOff ? 'fail' : 'info'
}

function parse(text: string, headers: Headers): Answer['body'] {
  try {
    return /json/.test(headers.get('content-type') ?? '') ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

/** A gateway that lost its function says 502, which is how it says that the answer broke off. */
const honest5xx = new Set([502, 503, 504])

/** Why an answer tells its reader nothing that he could act on; undefined for one that does. */
export function lieOf({ status, body, headers }: Pick<Answer, 'status' | 'body' | 'headers'>) {
  if (status < 400 || status === cutOff) return undefined
  if (status >= 500 && !honest5xx.has(status)) return `status ${status}`
  if (!headers.get('content-type')?.startsWith('application/problem+json'))
    return `${status} without problem+json`
  if (typeof body?.code !== 'string' || String(body?.detail ?? '').length < 10) return 'no detail'
  // Everybody here has signed in and may do what he does.
  return status === 401 || status === 403 ? `${status} to somebody who may` : undefined
}
