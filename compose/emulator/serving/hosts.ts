import type { Backend } from './backend.ts'

/** Which backend a host name means; see `hostsOf`. */
export type Hosts = { get(host: string): Backend | undefined }

export type Named = { functions: (Backend & { namespace: string })[]; sidecars: Backend[] }

/** The one function that the machine's own name means. */
export const gateway = 'gateway'

/**
 * The names that the ingress answers to. The machine's own name is the gateway; a function has its name for
 * browsers and curl, and the cluster's names for other functions.
 */
export function hostsOf({ functions, sidecars }: Named): Hosts {
  const hosts = new Map<string, Backend>()
  for (const backend of functions) {
    const { name, namespace } = backend
    for (const suffix of [
      'localhost',
      namespace,
      `${namespace}.svc`,
      `${namespace}.svc.cluster.local`,
    ])
      hosts.set(`${name}.${suffix}`, backend)
    if (name === gateway)
      for (const host of ['127.0.0.1', 'localhost', '[::1]']) hosts.set(host, backend)
  }
  for (const backend of sidecars) hosts.set(`${backend.name}.localhost`, backend)
  return hosts
}
