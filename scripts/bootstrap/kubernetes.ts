import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { readFileSync } from 'node:fs'

/** What is read of a Secret; values are decoded. */
export type Secret = {
  name: string
  /** Changes with every write: a write that names an old one is refused. */
  resourceVersion: string
  annotations: Readonly<Record<string, string>>
  values: Readonly<Record<string, string>>
}

/** As much of Kubernetes as the bootstrap may use: some Secrets of one namespace. */
export type Kubernetes = {
  readSecret(name: string): Promise<Secret>
  /** Adds values. False where someone wrote it since it was read: then nothing is changed. */
  addValues(secret: Secret, values: Record<string, string>): Promise<boolean>
}

export type Access = {
  /** `https://…` of the API server. */
  url: string
  namespace: string
  /** Read for every request, since Kubernetes renews it. */
  token: () => string
  /** The certificate that the API server's own is signed by. */
  ca?: string
}

const answerMsMax = 10_000
const bodyBytesMax = 4 * 1024 * 1024

/** How a pod reaches the API server, by what its service account puts in place. */
export function accessFromPod(env: NodeJS.ProcessEnv, folder: string): Access {
  const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8').trim()
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (!host) throw new Error('KUBERNETES_SERVICE_HOST is not set: this runs in a pod only')
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: read('namespace'),
    token: () => read('token'),
    ca: read('ca.crt'),
  }
}

export function createKubernetes(access: Access): Kubernetes {
  const pathOf = (name: string) =>
    `/api/v1/namespaces/${access.namespace}/secrets/${encodeURIComponent(name)}`
  return {
    async readSecret(name) {
      const { status, body } = await ask(access, 'GET', pathOf(name))
      if (status !== 200) throw new Error(`the Secret ${name} cannot be read: ${why(status, body)}`)
      return secretOf(name, body)
    },
    async addValues({ name, resourceVersion }, values) {
      const data = mapValues(values, (value) => Buffer.from(value).toString('base64'))
      // With the version of what was read this is a compare and set.
      const patch = { metadata: { resourceVersion }, data }
      const { status, body } = await ask(access, 'PATCH', pathOf(name), patch)
      if (status === 409) return false
      if (status !== 200) throw new Error(`the Secret ${name} cannot be set: ${why(status, body)}`)
      return true
    },
  }
}

type Written = {
  metadata: { resourceVersion: string; annotations?: Record<string, string> }
  data?: Record<string, string> | null
}

function secretOf(name: string, body: string): Secret {
  const { metadata, data } = JSON.parse(body) as Written
  return {
    name,
    resourceVersion: metadata.resourceVersion,
    annotations: metadata.annotations ?? {},
    values: mapValues(data ?? {}, (value) => Buffer.from(value, 'base64').toString()),
  }
}

const mapValues = (values: Record<string, string>, change: (value: string) => string) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))

/** A Status says what is wrong; a Secret, which holds what nobody may see, is never quoted. */
function why(status: number, body: string): string {
  try {
    const { kind, message } = JSON.parse(body) as { kind?: string; message?: string }
    return kind === 'Status' && message ? `${status} ${message}` : String(status)
  } catch {
    return String(status)
  }
}

function ask(
  { url, token, ca }: Access,
  method: 'GET' | 'PATCH',
  path: string,
  patch?: object,
): Promise<{ status: number; body: string }> {
  const send = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = send(
      new URL(path, url),
      {
        method,
        ...(ca ? { ca } : {}),
        signal: AbortSignal.timeout(answerMsMax),
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token()}`,
          ...(patch ? { 'content-type': 'application/merge-patch+json' } : {}),
        },
      },
      (incoming) => {
        let body = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          body += chunk
          if (body.length > bodyBytesMax) incoming.destroy(new Error('the answer is too long'))
        })
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }))
        incoming.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(patch && JSON.stringify(patch))
  })
}
