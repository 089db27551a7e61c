import { randomUUID } from 'node:crypto'
import { Cron } from 'croner'
import type { PingSource } from '../manifests/eventing.ts'
import { ttlMax, type CloudEvent } from './cloud-event.ts'

export type PingOptions = {
  sources: PingSource[]
  /** Sends the event to the source's sink; rejects where it was not taken. */
  send: (source: PingSource, event: CloudEvent) => Promise<void>
  say: (line: string) => void
}

/** Tries after the first and the wait before the first of them, which doubles: Knative's own figures. */
const retriesMax = 5
const retryMs = 50

/** Publishes each PingSource's event whenever its schedule says so. Throws where a schedule cannot be read. */
export function startPingSources({ sources, send, say }: PingOptions): { stop(): void } {
  const jobs = sources.map((source) => {
    const { name, schedule, timezone } = source
    try {
      return new Cron(schedule, { timezone }, () => tick(source, { send, say }))
    } catch (err) {
      throw new Error(
        `PingSource ${name}: its schedule ${schedule} (${timezone}) cannot be read: ${(err as Error).message}`,
        { cause: err },
      )
    }
  })
  return { stop: () => jobs.forEach((job) => job.stop()) }
}

async function tick(
  source: PingSource,
  { send, say }: Pick<PingOptions, 'send' | 'say'>,
): Promise<void> {
  const event = eventOf(source)
  for (let retry = 0; ; retry++) {
    try {
      return await send(source, event)
    } catch (err) {
      if (retry === retriesMax) return say(`${source.name} lost a tick: ${(err as Error).message}`)
      await new Promise((resolve) => setTimeout(resolve, retryMs * 2 ** retry))
    }
  }
}

const eventOf = ({ namespace, name, contentType, data, extensions }: PingSource): CloudEvent => ({
  attributes: {
    ...extensions,
    specversion: '1.0',
    id: randomUUID(),
    type: 'dev.knative.sources.ping',
    source: `/apis/v1/namespaces/${namespace}/pingsources/${name}`,
    time: new Date().toISOString(),
    ...(contentType === undefined || data.length === 0 ? {} : { datacontenttype: contentType }),
  },
  ttl: ttlMax,
  headers: {},
  data,
})
