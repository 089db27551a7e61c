import type { Destination } from '../manifests/destinations.ts'
import { keyOf } from '../manifests/eventing.ts'
import type { Backend } from '../serving/backend.ts'
import { createFixed } from '../serving/fixed.ts'
import { attempt } from './attempt.ts'
import { deliveryHead, type CloudEvent } from './cloud-event.ts'
import type { Address } from './delivery.ts'

/** Knows where CloudEvents go. */
export type Postman = {
  addressOf(destination: Destination): Address
  /** Sends one event once. Rejects where it is not taken. */
  send(to: Destination, event: CloudEvent): Promise<void>
  tidy(): void
  close(): void
}

export type PostmanOptions = {
  functions: readonly (Backend & { namespace: string })[]
  /** The Broker's own address, once it listens. */
  brokerUrl: () => string
}

/** A subscriber elsewhere may take as long as the Trigger lets it; this is only a last limit. */
const elsewhereMsMax = 600_000
const sendMsMax = 30_000

/** Services are reached through their activator, without another hop; other addresses over connections kept here. */
export function createPostman({ functions, brokerUrl }: PostmanOptions): Postman {
  const byKey = new Map(functions.map((one) => [keyOf(one.namespace, one.name), one]))
  const elsewhere = new Map<string, ReturnType<typeof createFixed>>()

  const at = (host: string, port: number): Backend => {
    const key = `${host}:${port}`
    const known = elsewhere.get(key) ?? createFixed(key, { host, port, timeoutMs: elsewhereMsMax })
    elsewhere.set(key, known)
    return known
  }

  const addressOf = (destination: Destination): Address => {
    const { kind, url } = destination
    if (kind === 'Service') {
      const { namespace, name, path } = destination
      const backend = byKey.get(keyOf(namespace, name)) as Backend
      return { backend, host: `${name}.${namespace}.svc.cluster.local`, path, url }
    }
    if (kind === 'Broker') {
      const { hostname, port, host } = new URL(brokerUrl())
      const path = `/${destination.namespace}/${destination.name}`
      return { backend: at(hostname, Number(port)), host, path, url }
    }
    const { host, port, path } = destination
    return { backend: at(host, port), host: `${host}:${port}`, path, url }
  }

  return {
    addressOf,
    async send(to, event) {
      const { backend, host, path, url } = addressOf(to)
      const outcome = await attempt(
        backend,
        deliveryHead(event, host, path, {}),
        event.data,
        sendMsMax,
      )
      if (outcome.kind === 'failed') throw new Error(`${url} did not take it`)
    },
    tidy: () => elsewhere.forEach((one) => one.tidy()),
    close: () => elsewhere.forEach((one) => one.close()),
  }
}
