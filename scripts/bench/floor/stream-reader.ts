import { Agent, request } from 'node:http'
import { Redis } from 'ioredis'

const postingMax = 64
const pageSize = 2000

/**
 * The floor of a Broker: reads a stream, posts each entry over connections that are kept, and deletes it once it was
 * taken. No filter, no retry, no dead letter; a crash would deliver again. Resolves when the stream is empty.
 */
export async function deliverStream(redisUrl: string, key: string, port: number): Promise<void> {
  const redis = new Redis(redisUrl)
  const agent = new Agent({ keepAlive: true, maxSockets: postingMax })
  let done: string[] = []
  let last = '-'
  for (;;) {
    const page = await redis.xrangeBuffer(key, last, '+', 'COUNT', pageSize)
    last = `(${page.at(-1)?.[0].toString()}`
    const forgotten = done.length > 0 ? redis.xdel(key, ...done) : undefined
    if (page.length === 0) {
      await forgotten
      break
    }
    done = page.map(([id]) => id.toString())
    const work = async () => {
      for (let entry = page.shift(); entry; entry = page.shift())
        await post(agent, port, entry[1][1] as Buffer, entry[1][3] as Buffer)
    }
    await Promise.all([forgotten, ...Array.from({ length: postingMax }, work)])
  }
  agent.destroy()
  await redis.quit()
}

function post(agent: Agent, port: number, head: Buffer, data: Buffer): Promise<void> {
  const [attributes] = JSON.parse(head.toString()) as [Record<string, string>]
  const headers = {
    'content-type': 'application/json',
    'content-length': data.length,
    ...Object.fromEntries(
      Object.entries(attributes)
        .filter(([name]) => name !== 'datacontenttype')
        .map(([name, value]) => [`ce-${name}`, value]),
    ),
  }
  return new Promise((resolve, reject) => {
    request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/', headers }, (incoming) => {
      incoming.resume()
      incoming.on('end', resolve)
    })
      .on('error', reject)
      .end(data)
  })
}
