import { derivedId } from '../_runtime/ids.ts'

const namespace = '9b0e7a2c-6a51-4f0e-9d3d-5f2f0a6c1e44'

/**
 * The order's id follows from caller and key, so that a request that comes again meets its own hold and its own
 * charge before anything of it is known here.
 */
export const orderIdOf = (buyerId: string, key: string): string =>
  derivedId(namespace, `${buyerId} ${key}`)
