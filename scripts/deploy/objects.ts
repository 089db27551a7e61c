import { parseAllDocuments, stringify } from 'yaml'
import { imageOf, type Images } from './images.ts'

export type KubernetesObject = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  [field: string]: unknown
}

/** The objects of a rendered overlay, read as Kubernetes reads them: a plain `yes` is true. */
export const objectsOf = (yaml: string): KubernetesObject[] =>
  parseAllDocuments(yaml, { version: '1.1' })
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)

/** Text that is read back as the same, also as YAML 1.1. */
export const yamlOf = (objects: readonly KubernetesObject[]): string =>
  objects.map((object) => stringify(object, { lineWidth: 0, compat: 'yaml-1.1' })).join('---\n')

/**
 * The objects with our images at `tag`, from where the cluster finds them. A Job cannot be changed once it is
 * there, so its name carries the tag after `--`.
 */
export function withImages(
  objects: readonly KubernetesObject[],
  images: Omit<Images, 'overlay'>,
): KubernetesObject[] {
  const image = (text: string) => {
    const name = /(?:^|\/)boxoffice\/([a-z-]+)(?::[\w.-]+)?$/.exec(text)?.[1]
    if (name === undefined) return text
    return imageOf(name, images)
  }
  const changed = (value: unknown, key = ''): unknown => {
    if (key === 'image' && typeof value === 'string') return image(value)
    if (Array.isArray(value)) return value.map((item) => changed(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, changed(item, name)]),
    )
  }
  return objects.map((object) => {
    const one = changed(object) as KubernetesObject
    if (one.kind !== 'Job') return one
    const [name = ''] = one.metadata.name.split('--')
    return { ...one, metadata: { ...one.metadata, name: `${name}--${images.tag}` } }
  })
}
