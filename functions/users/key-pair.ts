import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import type { Seal } from '../_runtime/seal.ts'
import type { NewKey } from './store/signing-keys.ts'

const generate = promisify(generateKeyPair)

/** A key for access tokens: its public half as a JWK (RFC 8037), its private half sealed. */
export async function newKeyPair(seal: Seal): Promise<NewKey> {
  const { publicKey, privateKey } = await generate('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const bare = { kty: 'OKP', crv: 'Ed25519', x } as const
  const kid = await calculateJwkThumbprint(bare)
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return {
    publicJwk: { ...bare, kid, alg: 'EdDSA', use: 'sig' },
    privateSealed: seal.seal(pem, contextOf(kid)),
  }
}

/** What a private key is sealed for. */
export const contextOf = (kid: string) => `users signing key ${kid}`
