import type { FunctionName } from '../../contracts/functions.ts'

/** How a function of this process answers. */
export type Fetch = (request: Request) => Response | Promise<Response>

/**
 * Functions that share this process, by name: `calls` hands them a request instead of sending it, which spares two
 * socket writes and two wake-ups. Empty where a process is one function's own, as on a cluster.
 */
export const neighbours = new Map<FunctionName, Fetch>()

type Asked = {
  url: string
  method: string
  headers: Record<string, string>
  body: string | undefined
  timeoutMs: number
}

/** Waits no longer than a call over a wire would: the neighbour may be waiting for others. */
export async function handOver(
  neighbour: Fetch,
  { url, method, headers, body, timeoutMs }: Asked,
): Promise<{ status: number; text: string }> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('time limit')), timeoutMs)
  })
  try {
    const request = new Request(url, { method, headers, ...(body === undefined ? {} : { body }) })
    const answer = await Promise.race([neighbour(request), late])
    return { status: answer.status, text: await answer.text() }
  } finally {
    clearTimeout(timer)
  }
}
