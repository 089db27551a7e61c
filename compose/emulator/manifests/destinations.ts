import { refuse, type KubernetesObject } from './objects.ts'

/** Where a CloudEvent goes. `url` is how a dead letter names it, as the cluster would. */
export type Destination =
  | { kind: 'Service'; namespace: string; name: string; path: string; url: string }
  | { kind: 'Broker'; namespace: string; name: string; url: string }
  | { kind: 'URL'; host: string; port: number; path: string; url: string }

type Given = {
  ref?: { kind?: string; name?: string; namespace?: string; apiVersion?: string }
  uri?: string
}

/** A `ref` to a Service or Broker, or a `uri`. Whether it exists is for the caller, who knows all objects. */
export function readDestination(
  object: KubernetesObject,
  field: string,
  given: unknown,
): Destination {
  const { ref, uri } = (given ?? {}) as Given
  if (!ref) return readUrl(object, field, uri)
  const { kind = '', name = '', namespace = object.metadata.namespace, apiVersion = '' } = ref
  if (kind === 'Service' && apiVersion.startsWith('serving.knative.dev/')) {
    const path = uri ?? '/'
    const url = `http://${name}.${namespace}.svc.cluster.local${uri ?? ''}`
    return { kind, namespace, name, path: path.startsWith('/') ? path : `/${path}`, url }
  }
  if (kind === 'Broker') {
    const url = `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/${name}`
    return { kind, namespace, name, url }
  }
  return refuse(
    object,
    `${field} names the ${kind} ${name} (${apiVersion}); the emulator delivers to Knative Services, Brokers and http uris`,
  )
}

function readUrl(object: KubernetesObject, field: string, uri: string | undefined): Destination {
  if (!uri || !URL.canParse(uri)) refuse(object, `${field} needs a ref or an absolute uri`)
  const { protocol, hostname, port, pathname, search } = new URL(uri)
  if (protocol !== 'http:') refuse(object, `${field} is ${uri}; the emulator delivers to http only`)
  return {
    kind: 'URL',
    host: hostname,
    port: Number(port || 80),
    path: pathname + search,
    url: uri,
  }
}
