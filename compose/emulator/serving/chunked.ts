/**
 * Takes the chunks of a `transfer-encoding: chunked` body apart (RFC 9112, 7.1), in whatever pieces they
 * arrive. Trailers are read over.
 */
export class ChunkedBody {
  #line = ''
  #left = 0
  #part: 'size' | 'data' | 'end of data' | 'trailers' = 'size'

  /**
   * Reads from `at` and hands each piece of data to `onData`. Gives where the body ended, or -1 where more is
   * to come. Throws where this is no chunked body.
   */
  read(bytes: Buffer, at: number, onData: (from: number, to: number) => void): number {
    while (at < bytes.length) {
      if (this.#part === 'data') {
        const to = Math.min(bytes.length, at + this.#left)
        this.#left -= to - at
        onData(at, to)
        at = to
        if (this.#left === 0) this.#part = 'end of data'
        continue
      }
      const feed = bytes.indexOf(10, at)
      this.#line += bytes.toString('latin1', at, feed < 0 ? bytes.length : feed)
      if (this.#line.length > lineLengthMax) throw new Error('a line between chunks is too long')
      if (feed < 0) return -1
      at = feed + 1
      if (this.#endLine(this.#line.trimEnd())) return at
      this.#line = ''
    }
    return -1
  }

  /** True where this was the last line of the body. */
  #endLine(line: string): boolean {
    if (this.#part === 'trailers') return line === ''
    if (this.#part === 'end of data') {
      if (line !== '') throw new Error('a chunk is longer than it said')
      this.#part = 'size'
      return false
    }
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)
    if (!size) throw new Error('the size of a chunk is not a number')
    this.#left = Number.parseInt(size[1] as string, 16)
    this.#part = this.#left === 0 ? 'trailers' : 'data'
    return false
  }
}

const lineLengthMax = 8 * 1024
