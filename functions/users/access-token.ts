import { SignJWT } from 'jose'
import type { Role } from '../../contracts/route.ts'
import { newId } from '../_runtime/ids.ts'
import { issuer, userTokenType } from '../_runtime/tokens.ts'
import type { Deps } from './deps.ts'

type Signing = Pick<Deps, 'keys' | 'accessSeconds'>

/** A JWT that says who calls, by which log-in and what he may, for `accessSeconds` (RFC 9068). */
export const newAccessToken = (
  { keys, accessSeconds }: Signing,
  { userId, sessionId, roles }: { userId: string; sessionId: string; roles: Role[] },
): Promise<string> => sign(keys, userId, { roles, sid: sessionId }, accessSeconds)

/** As above for an API key: it names the key instead of a log-in, and opens only what its scopes name. */
export const newKeyToken = (
  { keys }: Pick<Deps, 'keys'>,
  {
    userId,
    keyId,
    roles,
    scopes,
  }: { userId: string; keyId: string; roles: Role[]; scopes: string[] },
  seconds: number,
): Promise<string> => sign(keys, userId, { roles, key: keyId, scope: scopes.join(' ') }, seconds)

async function sign(
  keys: Signing['keys'],
  userId: string,
  claims: Record<string, unknown>,
  seconds: number,
): Promise<string> {
  const { kid, privateKey } = await keys.signing()
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: userTokenType, kid })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setSubject(userId)
    .setJti(newId())
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
    .sign(privateKey)
}
