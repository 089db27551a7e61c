import { readFileSync } from 'node:fs'
import { Document, isScalar, parse, parseAllDocuments, visit } from 'yaml'

const base = 'knative/base'

type Written = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } }

/**
 * The templates of knative/chart, each made from the file of knative/base that it is named after: what differs between
 * installations becomes a value, everything else is what kustomize renders. So neither can drift from the other.
 */
export function chart(): Record<string, string> {
  const { resources } = parse(readFileSync(`${base}/kustomization.yaml`, 'utf8')) as {
    resources: string[]
  }
  return Object.fromEntries(
    resources
      // Helm is given a namespace that is there; NOTES.txt says which labels it needs.
      .filter((file) => file !== 'namespace.yaml')
      .map((file) => [`knative/chart/templates/${file}`, template(file)]),
  )
}

function template(file: string): string {
  const objects = parseAllDocuments(readFileSync(`${base}/${file}`, 'utf8'))
    .map((document) => document.toJS() as Written | null)
    .filter((object) => object !== null)
  const note = `# Made from ${base}/${file} by npm run generate: change that file, not this one.\n`
  return note + objects.map((object) => templateOf(object)).join('---\n')
}

// Stand for `{{` and `}}` until the YAML is written, so that it is quoted where it must be.
const [open, close] = ['⟦', '⟧']
const value = (path: string) => `${open} ${path} ${close}`
const namespace = value('.Release.Namespace')

function templateOf(object: Written): string {
  const { apiVersion, kind, metadata } = object
  const document = new Document(
    { apiVersion, kind, metadata: { ...metadata, namespace }, ...rest(object) },
    // Helm and Kubernetes read a plain yes as true.
    { compat: 'yaml-1.1' },
  )
  for (const [path, text] of replaced(object)) {
    if (!document.hasIn(path)) throw new Error(`${kind} ${metadata.name} has no ${path.join('.')}`)
    document.setIn(path, text)
  }
  visit(document, {
    Scalar(key, node) {
      if (typeof node.value !== 'string' || key === 'key') return
      node.value = inNamespace(node.value)
      if (isScalar(node) && (node.value as string).includes(open)) node.type = 'QUOTE_SINGLE'
    },
  })
  return document.toString({ lineWidth: 0 }).replaceAll(open, '{{').replaceAll(close, '}}')
}

const rest = ({ apiVersion: _, kind: __, metadata: ___, ...others }: Written) => others

/** What names the namespace or an image of ours, wherever it stands. */
function inNamespace(text: string): string {
  return text
    .replace(/\.boxoffice\.svc\./, `.${namespace}.svc.`)
    .replace(/\/boxoffice\/default$/, `/${namespace}/default`)
    .replace(
      /^boxoffice\/([a-z-]+):latest$/,
      `${value('.Values.image.prefix')}/$1:${value('.Values.image.tag')}`,
    )
    .replace(/^([a-z-]+)--latest$/, `$1--${value('.Values.image.tag')}`)
}

type Path = (string | number)[]

/** The values that an installation may set, and where they stand. */
function replaced({ apiVersion, kind, metadata: { name } }: Written): [Path, string][] {
  const scaling = 'spec.template.metadata.annotations'.split('.')
  const storage = ['spec', 'volumeClaimTemplates', 0, 'spec', 'resources', 'requests', 'storage']
  switch (`${apiVersion.split('/')[0]} ${kind}`) {
    case 'v1 ConfigMap':
      return [
        [['data', 'NAMESPACE'], namespace],
        [['data', 'PUBLIC_URL'], value('.Values.publicUrl')],
        [['data', 'PROVIDER'], value('.Values.provider')],
        [['data', 'MAIL_FROM'], value('.Values.mailFrom')],
        [['data', 'LOG_LEVEL'], value('.Values.logLevel')],
      ]
    case 'rbac.authorization.k8s.io RoleBinding':
      return [[['subjects', 0, 'namespace'], namespace]]
    case 'apps StatefulSet':
      return [[storage, value(`.Values.${name}.storage`)]]
    case 'eventing.knative.dev Broker':
      return [
        [
          ['metadata', 'annotations', 'eventing.knative.dev/broker.class'],
          value('.Values.brokerClass'),
        ],
      ]
    case 'sources.knative.dev PingSource':
      return [[['spec', 'schedule'], value('.Values.clock')]]
    case 'serving.knative.dev Service':
      return ['min', 'max'].map((end) => [
        [...scaling, `autoscaling.knative.dev/${end}-scale`],
        value(`(index .Values.scale "${name}").${end}`),
      ])
    default:
      return []
  }
}
