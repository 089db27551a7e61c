import { readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAllDocuments, parse } from 'yaml'

/** One Kubernetes object and the file that it stands in. */
export type KubernetesObject = {
  file: string
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace: string
    labels: Record<string, string>
    annotations: Record<string, string>
  }
  spec: Record<string, unknown>
  data: Record<string, unknown>
}

type Written = {
  apiVersion?: string
  kind?: string
  metadata?: Partial<KubernetesObject['metadata']>
  spec?: Record<string, unknown>
  data?: Record<string, unknown>
}

type Kustomization = { namespace?: string; resources?: string[] } & Record<string, unknown>

/** These change nothing that the emulator looks at; anything else would, so it is refused. */
const harmless = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'namespace',
  'resources',
  'labels',
  'commonLabels',
  'commonAnnotations',
  'images',
])

/** All objects that the folder's kustomization.yaml lists, in its order. Throws where it cannot be followed. */
export function readObjects(folder: string, root = folder): KubernetesObject[] {
  const path = join(folder, 'kustomization.yaml')
  const kustomization = (parse(readFileSync(path, 'utf8')) ?? {}) as Kustomization
  const unknown = Object.keys(kustomization).filter((key) => !harmless.has(key))
  if (unknown.length > 0)
    throw new Error(
      `${path}: the emulator does not apply ${unknown.join(', ')}; name a folder that lists resources only`,
    )
  return (kustomization.resources ?? []).flatMap((resource) => {
    const file = join(folder, resource)
    if (statSync(file).isDirectory()) return readObjects(file, root)
    return readFile(file, relative(root, file), kustomization.namespace ?? 'default')
  })
}

function readFile(path: string, file: string, namespace: string): KubernetesObject[] {
  const documents = parseAllDocuments(readFileSync(path, 'utf8'))
  return documents.flatMap((document) => {
    if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`)
    const object = document.toJS() as Written | null
    if (object === null) return []
    const { kind, apiVersion, metadata } = object
    if (!kind || !apiVersion || !metadata?.name)
      throw new Error(`${file}: an object needs apiVersion, kind and metadata.name`)
    const { labels, annotations, name } = metadata
    return [
      {
        file,
        apiVersion,
        kind,
        metadata: {
          name,
          namespace: metadata.namespace ?? namespace,
          labels: labels ?? {},
          annotations: annotations ?? {},
        },
        spec: object.spec ?? {},
        data: object.data ?? {},
      },
    ]
  })
}

/** The start ends here: with the file, the object, what is wrong and what to do. */
export function refuse({ file, kind, metadata }: KubernetesObject, why: string): never {
  throw new Error(`${file}: ${kind} ${metadata.name}: ${why}`)
}
