/** Status line and headers of an answer, and how its body is framed (RFC 9112, 6.3). */
export type AnswerHead = {
  status: number
  /** Names and values in turn, without those that are for one connection only. */
  rawHeaders: string[]
  framing: 'counted' | 'chunked' | 'until close'
  /** Bytes of a counted body. */
  length: number
  /** The connection may be used again afterwards. */
  isKept: boolean
}

/** Reads what stands before the empty line. Throws where it is not HTTP/1. */
export function parseAnswerHead(text: string): AnswerHead {
  const status = Number(text.slice(9, 12))
  if (!text.startsWith('HTTP/1.') || !(status >= 100)) throw new Error('the answer is not HTTP')
  const head: AnswerHead = {
    status,
    rawHeaders: [],
    framing: 'until close',
    length: 0,
    isKept: text[7] === '1',
  }
  for (let from = text.indexOf('\r\n') + 2; from > 1;) {
    const to = text.indexOf('\r\n', from)
    const colon = text.indexOf(':', from)
    const name = text.slice(from, colon)
    const value = text.slice(colon + 1, to < 0 ? text.length : to).trim()
    if (!isForConnection(head, name, value)) head.rawHeaders.push(name, value)
    from = to + 2
  }
  return head
}

/** Notes what a header says of the framing. Names are compared by their length first: most need no more. */
function isForConnection(head: AnswerHead, name: string, value: string): boolean {
  switch (name.length) {
    case 7:
      return ['trailer', 'upgrade'].includes(name.toLowerCase())
    case 10:
      if (name.toLowerCase() === 'keep-alive') return true
      if (name.toLowerCase() !== 'connection') return false
      if (value.toLowerCase() === 'close') head.isKept = false
      return true
    case 14:
      if (name.toLowerCase() !== 'content-length') return false
      head.length = Number(value)
      if (!Number.isSafeInteger(head.length)) throw new Error('content-length is not a number')
      if (head.framing !== 'chunked') head.framing = 'counted'
      return false
    case 17:
      if (name.toLowerCase() !== 'transfer-encoding') return false
      head.framing = 'chunked'
      return true
    default:
      return false
  }
}
