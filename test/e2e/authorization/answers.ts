import { problems, type ProblemCode } from '../../../contracts/problems.ts'
import type { Answer } from './door.ts'
import type { Thing } from './thing.ts'

const atOnce = 24

/** All of them, a few at a time. */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let i = 0; i < items.length; i += atOnce)
    results.push(...(await Promise.all(items.slice(i, i + atOnce).map(work))))
  return results
}

const fields = ['code', 'correlationId', 'detail', 'instance', 'status', 'title', 'type']
/** What besides says nothing of anybody's: the scope that is missing, what is no id. */
const facts: Partial<Record<ProblemCode, string>> = {
  'scope-missing': 'scope',
  'invalid-request': 'errors',
}

/** In what an answer is not the refusal that it should be; one that says more than it must is none. */
export function differences({ status, body, headers }: Answer, codes: readonly string[]): string[] {
  const code = body?.code as ProblemCode
  if (!codes.includes(code)) return [`${status} ${code} and not ${codes.join(' or ')}`]
  const more = Object.keys(body).filter((name) => !fields.includes(name) && name !== facts[code])
  return [
    ...(status === problems[code].status ? [] : [`${code} with ${status}`]),
    ...(more.length > 0 ? [`${code} tells ${more.join()}`] : []),
    ...(headers['content-type'] === 'application/problem+json' ? [] : [`${code} as another type`]),
  ]
}

const ownToEach = new Set(['x-correlation-id', 'date', 'ratelimit', 'content-length'])

/** All that somebody learns of an answer, without what he said himself: the ids of the thing. */
export function learned({ status, headers, text }: Answer, { id, more }: Thing): string {
  const said = Object.entries(headers).filter(([name]) => !ownToEach.has(name))
  const ids = [id, ...Object.values(more)]
  const body = ids.reduce((rest, one) => rest.replaceAll(one, 'ID'), text)
  return JSON.stringify([status, said, body.replace(/"correlationId":"[^"]*"/, '')])
}
