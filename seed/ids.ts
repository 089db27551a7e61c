import { derivedId } from '../functions/_runtime/ids.ts'
import type { Name } from './form.ts'

/** For ever: whoever imports the same row anywhere gives it the same id. */
const namespace = '5b8a1f4e-0c1d-4f53-9a86-3f6b0e6f7c21'

/** The id of a row of a data set, from its file and its number: `users/1`. */
export const idOf = (name: Name, number: number): string =>
  derivedId(namespace, `${name}/${number}`)
