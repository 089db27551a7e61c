import { SignJWT } from 'jose'
import type { Role } from '../../contracts/route.ts'
import { newId } from '../_runtime/ids.ts'
import { issuer, userTokenType } from '../_runtime/tokens.ts'
import type { Deps } from './deps.ts'

/** A JWT that says who calls and what he may, for `accessSeconds` (RFC 9068). */
export async function newAccessToken(
  { keys, accessSeconds }: Pick<Deps, 'keys' | 'accessSeconds'>,
  { userId, roles }: { userId: string; roles: Role[] },
): Promise<string> {
  const { kid, privateKey } = await keys.signing()
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ roles })
    .setProtectedHeader({ alg: 'EdDSA', typ: userTokenType, kid })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setSubject(userId)
    .setJti(newId())
    .setIssuedAt(now)
    .setExpirationTime(now + accessSeconds)
    .sign(privateKey)
}
