import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { FunctionName } from '../../../contracts/functions.ts'
import type { Role } from '../../../contracts/route.ts'
import { newId } from '../ids.ts'
import { issuer, serviceTokenType, userTokenType } from '../tokens.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const kid = 'test'
export const serviceKey = randomBytes(32).toString('hex')
export const eventKey = randomBytes(32).toString('hex')

/** The public keys as `users` keeps them in Redis. */
export const testJwks = {
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' }],
}

/** An access token as `users` signs them; `more` are further claims, such as `scope`. */
export const accessToken = (
  id: string,
  roles: Role[] = ['customer'],
  more: Record<string, string> = {},
): Promise<string> =>
  new SignJWT({ roles, ...more })
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: userTokenType })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setSubject(id)
    .setJti(newId())
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(privateKey)

export const serviceToken = (from: FunctionName, to: FunctionName): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: serviceTokenType })
    .setSubject(from)
    .setAudience(to)
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(new TextEncoder().encode(serviceKey))
