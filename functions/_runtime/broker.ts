import { Agent, request } from 'node:http'
import type { EventType } from '../../contracts/events.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import { toMessage } from './cloud-event.ts'
import { eventContracts } from './event-contracts.ts'
import { merged } from './merge.ts'
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
  /** How many it may be asked to publish at the same time. */
  atOnceMax: number
  close(): void
}

export type BrokerOptions = {
  self: FunctionName
  url: string
  /** Takes several events in one request: those of the same moment go so. */
  batchUrl?: string | undefined
  eventKey: string
  metrics: Metrics
}

/** A synchronous channel answers only after every delivery, so this is long; nobody waits for it. */
const publishMsMax = 60_000

export function createBroker({ self, url, batchUrl, eventKey, metrics }: BrokerOptions): Broker {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 15_000 })
  const source = `/functions/${self}`

  async function attributesOf(row: OutboxRow) {
    const { id, type, aggregateid: subject, payload: data } = row
    const contract = (await eventContracts())[type]
    return {
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
  }

  async function publishAlone(row: OutboxRow): Promise<boolean> {
    const { headers, body } = toMessage(await attributesOf(row), row.payload)
    return isStored((await post(url, agent, headers, body)).status)
  }

  const publishMerged = merged<OutboxRow, boolean>(
    async (rows) => {
      const [first] = rows
      if (first && rows.length === 1) return [await publishAlone(first)]
      const common = { specversion: '1.0', datacontenttype: 'application/json' }
      const events = rows.map(async (row) => ({
        ...common,
        ...(await attributesOf(row)),
        data: row.payload,
      }))
      const body = JSON.stringify(await Promise.all(events))
      const headers = { 'content-type': 'application/cloudevents-batch+json' }
      const { status, text } = await post(batchUrl ?? url, agent, headers, body)
      const statuses = status === 200 ? statusesIn(text) : []
      return rows.map((_, i) => isStored(statuses[i] ?? 0))
    },
    { mayRetry: () => false },
  )
  const publish = batchUrl ? publishMerged : publishAlone

  return {
    async publish(row) {
      const stored = await publish(row)
      metrics.eventsPublished.inc({ type: row.type, outcome: stored ? 'stored' : 'failed' })
      return stored
    },
    atOnceMax: batchUrl ? 128 : 16,
    close: () => agent.destroy(),
  }
}

function statusesIn(text: string): number[] {
  try {
    return JSON.parse(text) as number[]
  } catch {
    return []
  }
}

const isStored = (status: number) => status >= 200 && status < 300

/** The answer, or the status 0 where there was none. */
function post(
  url: string,
  agent: Agent,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      agent,
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
    const timer = setTimeout(() => outgoing.destroy(), publishMsMax)
    let text = ''
    const end = (status: number) => {
      clearTimeout(timer)
      resolve({ status, text })
    }
    outgoing.on('response', (incoming) => {
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      incoming.on('end', () => end(incoming.statusCode ?? 0))
      incoming.on('error', () => end(0))
    })
    outgoing.on('error', () => end(0))
    outgoing.end(body)
  })
}
