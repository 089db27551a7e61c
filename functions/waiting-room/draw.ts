import { createHmac } from 'node:crypto'

/**
 * Where somebody who came before the opening stands in the draw, from 0 to below 1. It follows from the room's
 * seed, a key that is not in the database, and who he is: so it says nothing of when he came, comes out the same
 * after any loss, and neither the database nor the environment alone gives it away. 53 bits: among 100,000
 * people two are equal once in a million draws.
 */
export function drawOf(key: Buffer, seed: Buffer, userId: string): number {
  const digest = createHmac('sha256', key).update(seed).update(userId).digest()
  const high = digest.readUInt32BE(0) >>> 5
  const low = digest.readUInt32BE(4) >>> 6
  return (high * 2 ** 26 + low) / 2 ** 53
}
