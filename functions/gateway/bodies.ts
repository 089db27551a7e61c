import type { IncomingMessage } from 'node:http'
import { Problem } from '../_runtime/problem.ts'
import type { Passage } from './passage.ts'

export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

export const tooLarge = (bytesMax: number) =>
  new Problem('body-too-large', `The body may have ${bytesMax} bytes at most`, { bytesMax })

/** Routes that take more have their bodies streamed. */
export const wholeBytesMax = 64 * 1024

/** Bytes of all bodies that are in the house, and how many there may be. */
export type Shelf = { bytes: number; bytesMax: number }

/**
 * Reads a body to its end before a function hears of the request, so that a slow client keeps a socket here and
 * none of the function's connections. The server cuts one that takes longer than 10 s. What all of them take
 * together is limited; more is refused as `busy`. Nothing comes of it when the client leaves.
 */
export function readWhole(passage: Passage, bytesMax: number, shelf: Shelf): Promise<Buffer> {
  const { incoming } = passage
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      // Read on and thrown away, so that the client gets to read why.
      if (passage.isOver) return
      size += chunk.length
      if (size > bytesMax) return reject(tooLarge(bytesMax))
      passage.bodyBytes += chunk.length
      shelf.bytes += chunk.length
      if (shelf.bytes > shelf.bytesMax)
        return reject(new Problem('busy', 'Too much is being sent at once; try again'))
      chunks.push(chunk)
    })
    incoming.on('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    )
  })
}
