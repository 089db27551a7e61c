import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Access } from '../scripts/bootstrap/kubernetes.ts'

type Kept = {
  resourceVersion: number
  annotations: Record<string, string>
  data: Record<string, string>
}

/**
 * Keeps Secrets as the API server does: merge patches, and 409 for a write that names an old version. `isBlind` takes
 * any version, as if none had been named.
 */
export async function startSecrets(
  written: Record<string, Record<string, string>>,
  { isBlind = false } = {},
) {
  const secrets = new Map<string, Kept>()
  for (const [name, keys] of Object.entries(written)) {
    const annotations = Object.fromEntries(
      Object.entries(keys).map(([key, recipe]) => [`keys.boxoffice.dev/${key}`, recipe]),
    )
    secrets.set(name, { resourceVersion: 1, annotations, data: {} })
  }
  let writes = 0
  const server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => (body += chunk))
    incoming.on('end', () => {
      const answer = (status: number, content: object) =>
        outgoing
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify(content))
      const refuse = (status: number, message: string) =>
        answer(status, { kind: 'Status', status: 'Failure', message, code: status })
      if (incoming.headers.authorization !== 'Bearer of the pod') return refuse(401, 'Unauthorized')
      const [, name = ''] =
        /^\/api\/v1\/namespaces\/shop\/secrets\/([^/]+)$/.exec(incoming.url ?? '') ?? []
      const kept = secrets.get(name)
      if (!kept) return refuse(403, `secrets "${name}" is forbidden`)
      if (incoming.method === 'PATCH') {
        if (incoming.headers['content-type'] !== 'application/merge-patch+json')
          return refuse(415, 'the body of the request was in an unknown format')
        const { metadata, data } = JSON.parse(body) as {
          metadata?: { resourceVersion?: string }
          data: Record<string, string>
        }
        if (!isBlind && metadata?.resourceVersion !== String(kept.resourceVersion))
          return refuse(409, 'the object has been modified')
        Object.assign(kept.data, data)
        kept.resourceVersion++
        writes++
      }
      const { resourceVersion, annotations, data } = kept
      answer(200, {
        kind: 'Secret',
        metadata: { name, resourceVersion: String(resourceVersion), annotations },
        ...(Object.keys(data).length > 0 ? { data } : {}),
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const access: Access = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    namespace: 'shop',
    token: () => 'of the pod',
  }
  return {
    access,
    writes: () => writes,
    give(name: string, key: string, value: string) {
      const kept = secrets.get(name) as Kept
      kept.data[key] = Buffer.from(value).toString('base64')
      kept.resourceVersion++
    },
    value: (name: string, key: string) =>
      Buffer.from(secrets.get(name)?.data[key] ?? '', 'base64').toString(),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      }),
  }
}
