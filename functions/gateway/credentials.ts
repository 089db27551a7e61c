import { Problem } from '../_runtime/problem.ts'
import { apiKeyIn } from './api-keys.ts'
import { visitorOf, type Visitor } from './callers.ts'
import type { Deps } from './deps.ts'
import { limitClassOf } from './limits.ts'
import type { Passage } from './passage.ts'
import { onlyOne } from './shape.ts'

/**
 * Who asks, by an access token or an API key; the function is told of a key by the token that stands for it.
 * What opens nothing is counted for the address that it came from, and for nobody whose name is in it.
 */
export async function credentialsOf(deps: Deps, passage: Passage): Promise<Visitor> {
  const { incoming, route } = passage
  const authorization = onlyOne(incoming, 'authorization')
  const apiKey = onlyOne(incoming, 'x-api-key')
  if (authorization !== undefined && apiKey !== undefined)
    throw new Problem('invalid-request', 'Send either Authorization or X-Api-Key')
  const key = apiKey ?? apiKeyIn(authorization)
  passage.authorization = key === undefined ? authorization : await exchanged(deps, passage, key)
  try {
    return await visitorOf(deps.tokens, passage.authorization)
  } catch (err) {
    if (err instanceof Problem && err.status === 401)
      await deps.gate.passStranger(passage, route ? limitClassOf(route) : 'reads')
    throw err
  }
}

async function exchanged(deps: Deps, passage: Passage, key: string): Promise<string> {
  const admit = () => deps.gate.passStranger(passage, 'credentials')
  const token = await deps.apiKeys.tokenFor(key, admit)
  if (token === undefined) throw new Problem('api-key-invalid', 'The API key opens nothing')
  return `Bearer ${token}`
}
