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

/** Posts one CloudEvent to a subscriber and judges the answer as Knative's filter and channel do. Never throws. */
export function attempt(backend: Backend, head: string, data: Buffer, timeoutMs: number) {
  return new Promise<Outcome>((resolve) => {
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
  readonly #resolve: (outcome: Outcome) => void
  readonly #isOwnLimit: boolean
  #status = 0
  #rawHeaders: string[] = []
  #chunks: Buffer[] = []
  #length = 0

  constructor(resolve: (outcome: Outcome) => void, isOwnLimit: boolean) {
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
    if (isLast) this.#resolve(this.#judge())
    return true
  }

  onFailed(code: FailureCode, detail: string): void {
    // Where the Trigger's time is over, nobody answered, and Knative says nothing more of it.
    const isSilent = code === 'time-limit' && !this.#isOwnLimit
    const error = isSilent ? undefined : { code: codes[code], data: Buffer.from(detail) }
    this.#resolve({ kind: 'failed', isRetried: true, error })
  }

  #judge(): Outcome {
    const body =
      this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
    const status = this.#status
    if (status < 200 || status > 299)
      return {
        kind: 'failed',
        isRetried: isRetriedStatus(status),
        error: { code: status, data: body },
      }
    if (this.#length > answerBytesMax) return { kind: 'failed', isRetried: true, error: undefined }
    if (this.#length === 0 && !mayReply(this.#rawHeaders)) return { kind: 'taken' }
    const headers = readHeaders(this.#rawHeaders)
    if (looksLikeEvent(headers)) return { kind: 'replied', headers, body }
    return this.#length === 0
      ? { kind: 'taken' }
      : { kind: 'failed', isRetried: true, error: undefined }
  }
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
