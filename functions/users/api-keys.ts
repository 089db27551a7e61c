import { createHash, randomBytes } from 'node:crypto'
import type { ApiKey } from '../../contracts/api-keys.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import { newKeyToken } from './access-token.ts'
import type { Deps } from './deps.ts'
import {
  deleteKey,
  insertApiKey,
  listKeysOf,
  lockOwner,
  useKey,
  type ApiKeyRow,
} from './store/api-keys.ts'

const keysMax = 20

/** The life of a token that an API key is exchanged for. */
export const keyTokenSeconds = 60
/** A token may be signed a request's time after its key was revoked, and clocks differ: the ban outlives it. */
export const keyBanSeconds = 2 * keyTokenSeconds

export type KeyRequest = { name: string; scopes: string[]; expiresAt?: string | undefined }

/** Makes a key and gives it with its secret, which is kept as a hash only. Throws `api-keys-limit` at 20 keys. */
export async function createApiKey(
  { database }: Deps,
  userId: string,
  { name, scopes, expiresAt }: KeyRequest,
): Promise<ApiKey & { apiKey: string }> {
  const id = newId()
  // 256 random bits: nobody guesses them, so a plain hash is enough to keep them by.
  const secret = randomBytes(32).toString('base64url')
  const key = { id, userId, name, scopes, secretHash: hashOf(secret), expiresAt: expiresAt ?? null }
  const row = await database.transaction(async (tx) => {
    const owner = await lockOwner(tx, userId, key.expiresAt)
    if (!owner) throw new Problem('not-found', `There is no user ${userId}`)
    if (!owner.is_ahead) {
      const errors = [{ pointer: '#/expiresAt', detail: 'must be in the future' }]
      throw new Problem('invalid-request', 'The key would have expired already', { errors })
    }
    return insertApiKey(tx, key, keysMax)
  })
  if (!row)
    throw new Problem('api-keys-limit', 'Revoke one that is not needed any more', { keysMax })
  return { ...presentKey(row), apiKey: `bx_${id}_${secret}` }
}

export const listApiKeys = async ({ database }: Deps, userId: string): Promise<ApiKey[]> =>
  (await listKeysOf(database, userId)).map(presentKey)

/** Deletes a key of the user's. What was signed for it is refused at the edge from now on. */
export async function revokeApiKey(deps: Deps, userId: string, id: string): Promise<void> {
  if (!(await deleteKey(deps.database, { id, userId, seconds: keyBanSeconds })))
    throw new Problem('not-found', `You have no API key ${id}`)
  await deps.edgeBans.tell([id])
}

/**
 * An access token for a key: for its owner, with his roles but without `admin`, within the key's scopes. What
 * is wrong with a key is not said. A key that is revoked meanwhile gives a token that the edge refuses: the
 * ban of the key stands longer than any token of it.
 */
export async function exchangeApiKey(deps: Deps, apiKey: string) {
  const [, keyId, secret] = form.exec(apiKey) ?? []
  const key = keyId && secret ? await useKey(deps.database, keyId, hashOf(secret)) : undefined
  if (!keyId || !key) throw new Problem('api-key-invalid', 'Make a new key, or ask who made this')
  const expiresIn = Math.min(keyTokenSeconds, Math.max(key.seconds ?? Infinity, 1))
  const roles = key.roles.filter((role) => role !== 'admin')
  const whom = { userId: key.user_id, keyId, roles, scopes: key.scopes }
  return { accessToken: await newKeyToken(deps, whom, expiresIn), expiresIn, keyId }
}

const form = /^bx_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_([\w-]{43})$/

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const presentKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  usedAt: row.used_at?.toISOString() ?? null,
})
