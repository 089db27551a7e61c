import { Agent, request } from 'node:http'
import type { EventType } from '../../contracts/events.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import { toMessage } from './cloud-event.ts'
import { eventContracts } from './event-contracts.ts'
import type { Metrics } from './metrics.ts'
import { signEvent } from './signature.ts'

/** A row of the outbox, in the columns of Debezium's outbox event router. */
export type OutboxRow = {
  id: string
  aggregatetype: string
  aggregateid: string
  type: EventType
  payload: unknown
  correlationid: string
  traceparent: string
}

export type Broker = {
  /** Hands one event over; true once the Broker has stored it. Never throws: what fails is sent again later. */
  publish(row: OutboxRow): Promise<boolean>
  close(): void
}

export type BrokerOptions = { self: FunctionName; url: string; eventKey: string; metrics: Metrics }

/** A synchronous channel answers only after every delivery, so this is long; nobody waits for it. */
const publishMsMax = 60_000

export function createBroker({ self, url, eventKey, metrics }: BrokerOptions): Broker {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 15_000 })
  const source = `/functions/${self}`

  async function messageOf(row: OutboxRow) {
    const { id, type, aggregateid: subject, payload: data } = row
    const contract = (await eventContracts())[type]
    const attributes = {
      id,
      source,
      type,
      subject,
      time: new Date().toISOString(),
      dataschema: `urn:boxoffice:event:${type}`,
      correlationid: row.correlationid,
      partitionkey: subject,
      ...('extensions' in contract ? contract.extensions : {}),
      traceparent: row.traceparent || undefined,
      sig: contract.signed ? signEvent(eventKey, { id, source, type, subject, data }) : undefined,
    }
    return toMessage(attributes, data)
  }

  return {
    async publish(row) {
      const { headers, body } = await messageOf(row)
      const status = await post(url, agent, headers, body)
      const isStored = status >= 200 && status < 300
      metrics.eventsPublished.inc({ type: row.type, outcome: isStored ? 'stored' : 'failed' })
      return isStored
    },
    close: () => agent.destroy(),
  }
}

/** The answer's status, or 0 where there was none. */
function post(
  url: string,
  agent: Agent,
  headers: Record<string, string>,
  body: string,
): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      agent,
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
    const timer = setTimeout(() => outgoing.destroy(), publishMsMax)
    const end = (status: number) => {
      clearTimeout(timer)
      resolve(status)
    }
    outgoing.on('response', (incoming) => {
      incoming.resume()
      incoming.on('end', () => end(incoming.statusCode ?? 0))
      incoming.on('error', () => end(0))
    })
    outgoing.on('error', () => end(0))
    outgoing.end(body)
  })
}
