import type { Calls } from '../_runtime/calls.ts'
import type { Exchanged } from './api-keys.ts'

/** Asks `users` for the access token that stands for an API key. The contract is loaded with the first key. */
export const exchangeWith =
  (calls: Calls) =>
  async (apiKey: string): Promise<Exchanged> => {
    const { exchangeApiKey } = await import('../../contracts/api-keys.ts')
    return (await calls(exchangeApiKey, { body: { apiKey } })).body
  }
