import * as z from 'zod'
import type { Route } from './route.ts'
import { isInside } from './routes.ts'

/** What requests call the things that nobody but their owner knows of. An event and a seat are no secret. */
const privateNames = ['id', 'file', 'holdId', 'orderId']

const namesPrivate = ({ params, body }: Route): boolean =>
  [params, body].some(
    (schema) =>
      schema instanceof z.ZodObject &&
      privateNames.some((name) => name in schema.shape && !schema.shape[name].isOptional()),
  )

/**
 * How a route refuses somebody who may call it, for a thing of somebody else's: 404 is the very answer that an id
 * gets which nobody has. Empty where no such thing can be named, or where he may have it.
 */
export function strangerGets(route: Route): readonly (403 | 404)[] {
  const { data, params } = route
  if (isInside(route)) return []
  if (data === 'own' || data === 'own-or-admin') return namesPrivate(route) ? [404] : []
  // Only a draft is private; what is announced is known, so it is said outright that it is not his.
  if (data === 'published') return params ? [404] : []
  if (data === 'organized') return route.path.startsWith('/v1/venues/') ? [403] : [403, 404]
  return []
}
