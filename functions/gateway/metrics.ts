import { createServer } from 'node:http'
import type { Deps } from './deps.ts'

/**
 * `/metrics` on a port of its own, for Prometheus, which has no account here. The port is none that the outside
 * is let through to: nothing publishes it, and on a cluster a NetworkPolicy says who may come. Off without
 * `METRICS_PORT`. A port that is taken is said and borne: selling goes on.
 */
export function openMetrics(
  { metrics, log }: Pick<Deps, 'metrics' | 'log'>,
  { host, port }: { host: string; port: number },
): { close(): void } {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000 },
    (incoming, outgoing) => {
      if (incoming.method !== 'GET' || incoming.url !== '/metrics')
        return void outgoing.writeHead(404).end()
      metrics.text().then(
        (text) => outgoing.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => outgoing.destroy(),
      )
    },
  )
  server.maxConnections = 16
  server.on('error', (err) => log.warn({ err, port }, 'the port for metrics cannot be had'))
  if (port > 0) server.listen(port, host)
  return {
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
