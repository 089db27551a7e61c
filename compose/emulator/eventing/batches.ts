import { exchange, judge, type Outcome } from './attempt.ts'
import type { CloudEvent } from './cloud-event.ts'
import type { Address } from './delivery.ts'

/** What one event of a batch was answered. */
type Answered = { status: number; body?: string }

type Waiting = {
  event: CloudEvent
  alone: () => Promise<Outcome>
  resolve: (outcome: Outcome) => void
}

export const batchType = 'application/cloudevents-batch+json'
const eventsMax = 64
const dataBytesMax = 64 * 1024

/**
 * Gives the events of one moment to a subscriber in one request, in the batch format of CloudEvents, and each of them
 * its own outcome. Knative sends every event alone; this is for functions that share one process on one machine, where
 * a request costs more than what it carries. What cannot travel so goes alone, and all of it where the subscriber knows
 * no batches, or one of them was no JSON after all.
 */
export function createBatches({ backend, host, path }: Address, timeoutMs: number) {
  let waiting: Waiting[] = []

  function flush(): void {
    const all = waiting
    waiting = []
    for (let i = 0; i < all.length; i += eventsMax) void send(all.slice(i, i + eventsMax))
  }

  async function send(batch: Waiting[]): Promise<void> {
    const outcomes = batch.length > 1 ? await post(batch.map(({ event }) => event)) : undefined
    for (const [i, { alone, resolve }] of batch.entries())
      if (outcomes) resolve(outcomes[i] as Outcome)
      else void alone().then(resolve)
  }

  async function post(events: CloudEvent[]): Promise<Outcome[] | undefined> {
    const body = Buffer.from(`[${events.map(textOf).join(',')}]`)
    const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${batchType}\r\ncontent-length: ${body.length}\r\n\r\n`
    const exchanged = await exchange(backend, head, body, timeoutMs)
    if (exchanged.kind === 'failed') return events.map(() => exchanged)
    const answers = exchanged.status === 200 ? read(exchanged.body) : undefined
    return answers?.length === events.length ? answers.map(outcomeOf) : undefined
  }

  return (event: CloudEvent, alone: () => Promise<Outcome>): Promise<Outcome> =>
    isFit(event)
      ? new Promise((resolve) => {
          waiting.push({ event, alone, resolve })
          if (waiting.length === 1) setImmediate(flush)
        })
      : alone()
}

const isFit = ({ attributes, headers, data }: CloudEvent): boolean =>
  attributes.datacontenttype === 'application/json' &&
  data.length > 0 &&
  data.length <= dataBytesMax &&
  Object.keys(headers).length === 0

/** Its data are JSON already. */
const textOf = ({ attributes, data }: CloudEvent): string =>
  `${JSON.stringify(attributes).slice(0, -1)},"data":${data.toString()}}`

function read(body: Buffer | undefined): Answered[] | undefined {
  try {
    return body && (JSON.parse(body.toString()) as Answered[])
  } catch {
    return undefined
  }
}

const outcomeOf = ({ status, body = '' }: Answered): Outcome =>
  judge({ kind: 'answered', status, rawHeaders: [], body: Buffer.from(body) })
