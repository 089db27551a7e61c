import { createHash } from 'node:crypto'
import type { LinkPurpose } from '../../contracts/account-links.ts'
import type { Seal } from '../_runtime/seal.ts'

/** The secret of a link: its id, signed for its purpose. Nobody has to keep it, because it can be made again. */
export const tokenOf = (seal: Seal, id: string, purpose: LinkPurpose): string =>
  `${id}.${seal.fingerprint(id, `users link ${purpose}`)}`

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest()

/** The id of the link that a token claims to be of. */
export const idOf = (token: string): string | undefined =>
  /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w-]{43}$/.exec(token)?.[1]
