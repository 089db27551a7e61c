import { Call, type Receiving, type Request } from '../serving/call.ts'
import type { Backend, FailureCode } from '../serving/backend.ts'
import { looksLikeEvent, readHeaders, type Headers } from './cloud-event.ts'

/** What one try of a delivery brought. */
export type Outcome =
  | { kind: 'taken' }
  /** A CloudEvent came back, or something that says it is one. */
  | { kind: 'replied'; headers: Headers; body: Buffer }
  | { kind: 'failed'; isRetried: boolean; error: DeliveryError | undefined }

/**
 * What a dead letter tells of the last try. Knative tells nothing where no answer came in time, nor where a
 * 2xx had a body that is no CloudEvent.
 */
export type DeliveryError = { code: number; data: Buffer }

/** Knative's list: what may be different the next time. */
const isRetriedStatus = (status: number) =>
  status >= 500 || status === 404 || status === 408 || status === 409 || status === 429

const answerBytesMax = 1024 * 1024

/** What came back, or that nothing did. `body` is undefined where it is longer than anybody may answer. */
export type Exchanged =
  | { kind: 'answered'; status: number; rawHeaders: string[]; body: Buffer | undefined }
  | (Outcome & { kind: 'failed' })

/** Posts one CloudEvent to a subscriber and judges the answer as Knative's filter and channel do. Never throws. */
export const attempt = async (
  backend: Backend,
  head: string,
  data: Buffer,
  timeoutMs: number,
): Promise<Outcome> => judge(await exchange(backend, head, data, timeoutMs))

/** One request and its whole answer. Never rejects. */
export function exchange(backend: Backend, head: string, data: Buffer, timeoutMs: number) {
  return new Promise<Exchanged>((resolve) => {
    const request: Request = {
      head,
      body: data.length > 0 ? data : undefined,
      source: undefined,
      isChunked: false,
      isHead: false,
    }
    // A Service's own limit answers 504 where it is the shorter one.
    const isOwnLimit = backend.timeoutMs < timeoutMs
    const limitMs = Math.min(timeoutMs, backend.timeoutMs)
    new Call(backend, request, new Answer(resolve, isOwnLimit), limitMs).start()
  })
}

class Answer implements Receiving {
  readonly #resolve: (exchanged: Exchanged) => void
  readonly #isOwnLimit: boolean
  #status = 0
  #rawHeaders: string[] = []
  #chunks: Buffer[] = []
  #length = 0

  constructor(resolve: (exchanged: Exchanged) => void, isOwnLimit: boolean) {
    this.#resolve = resolve
    this.#isOwnLimit = isOwnLimit
  }

  onHead(status: number, rawHeaders: string[]): void {
    this.#status = status
    this.#rawHeaders = rawHeaders
  }

  onData(chunk: Buffer | undefined, isLast: boolean): boolean {
    if (chunk !== undefined) {
      this.#length += chunk.length
      if (this.#length <= answerBytesMax) this.#chunks.push(chunk)
    }
    if (isLast)
      this.#resolve({
        kind: 'answered',
        status: this.#status,
        rawHeaders: this.#rawHeaders,
        body: this.#body(),
      })
    return true
  }

  onFailed(code: FailureCode, detail: string): void {
    // Where the Trigger's time is over, nobody answered, and Knative says nothing more of it.
    const isSilent = code === 'time-limit' && !this.#isOwnLimit
    const error = isSilent ? undefined : { code: codes[code], data: Buffer.from(detail) }
    this.#resolve({ kind: 'failed', isRetried: true, error })
  }

  #body(): Buffer | undefined {
    if (this.#length > answerBytesMax) return undefined
    return this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
  }
}

const notAnEvent: Outcome = { kind: 'failed', isRetried: true, error: undefined }
const nothing = Buffer.alloc(0)

export function judge(exchanged: Exchanged): Outcome {
  if (exchanged.kind === 'failed') return exchanged
  const { status, rawHeaders, body } = exchanged
  if (status < 200 || status > 299)
    return {
      kind: 'failed',
      isRetried: isRetriedStatus(status),
      error: { code: status, data: body ?? nothing },
    }
  if (!body) return notAnEvent
  if (body.length === 0 && !mayReply(rawHeaders)) return { kind: 'taken' }
  const headers = readHeaders(rawHeaders)
  if (looksLikeEvent(headers)) return { kind: 'replied', headers, body }
  return body.length === 0 ? { kind: 'taken' } : notAnEvent
}

const codes: Record<FailureCode, number> = {
  'function-unreachable': 500,
  busy: 503,
  'time-limit': 504,
}

/** A cheap look: an empty answer without a content type or a `ce-` header is the usual case. */
function mayReply(rawHeaders: string[]): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (name === 'content-type' || name.startsWith('ce-')) return true
  }
  return false
}
