import { databaseOwners, type FunctionName } from '../../contracts/functions.ts'

/** The functions that take CloudEvents by Triggers; this one only takes what they did not. */
const takers = databaseOwners.filter((name) => name !== 'dead-letters')

/**
 * The function that a Broker means by `knativeerrordest`: exactly its root at the cluster's own name for it.
 * Whatever else stands there is nobody that a replay would go to.
 */
export function functionAt(url: string | null, namespace: string): FunctionName | undefined {
  if (url === null || !URL.canParse(url)) return undefined
  const { protocol, host, pathname, search, hash, username, password } = new URL(url)
  const isRoot = pathname === '/' && search + hash + username + password === ''
  if (!isRoot || !/^https?:$/.test(protocol)) return undefined
  return takers.find((name) => host === `${name}.${namespace}.svc.cluster.local`)
}

/** As it was kept; a function that is gone meanwhile is none any more. */
export const takerNamed = (name: string | null): FunctionName | undefined =>
  takers.find((one) => one === name)
