import type { Market } from './market.ts'

/** What became of a request: its answer, or none, and then it may have had its effect or not. */
export type Reply = { status: number; text: string; body: any; isReplayed: boolean }

/** Sends a request as a person's browser would. Status 0 stands for no answer. */
export async function ask(
  { network }: Market,
  buyerId: string,
  what: `${string} /${string}`,
  { body, headers: more = {} }: { body?: object; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const [method = '', path = ''] = what.split(' ')
  const [, , thing] = path.split('/')
  const callee = thing === 'seats' ? 'seating' : thing === 'payments' ? 'payments' : 'orders'
  const headers = {
    authorization: `Bearer user.${buyerId}`,
    'content-type': 'application/json',
    'x-deadline-ms': '25000',
    ...more,
  }
  const text = body && JSON.stringify(body)
  try {
    const asked = { method, path, headers, body: text }
    const answer = await network.ask(undefined, callee, asked, 30_000)
    const isReplayed = answer.headers.get('idempotency-replayed') === 'true'
    const json: unknown = answer.text === '' ? undefined : JSON.parse(answer.text)
    return { status: answer.status, text: answer.text, body: json, isReplayed }
  } catch {
    return { status: 0, text: '', body: undefined, isReplayed: false }
  }
}

/** Nothing is known yet: the same request may be sent again, with the same key. */
export const isOpen = ({ status, body }: Reply): boolean =>
  status === 0 || status >= 500 || body?.code === 'request-in-progress'
