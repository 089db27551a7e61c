import type { IncomingMessage } from 'node:http'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { atOnceOn, type Passage } from './passage.ts'

const headersMax = 100
const pipelinedMax = 16
const givenOnce = ['host', 'idempotency-key', 'admission-token']

/** What no honest client sends, and what would take more than one client's share. */
export function refuseOddities(deps: Deps, passage: Passage): void {
  const { incoming } = passage
  if (deps.crowd.count > deps.requestsMax)
    throw new Problem('busy', 'Too many requests at once; try again')
  if (atOnceOn(passage) > pipelinedMax)
    throw new Problem('busy', `A connection may have ${pipelinedMax} requests at once; try again`)
  if (incoming.rawHeaders.length > headersMax * 2)
    throw new Problem('headers-too-large', `A request may have ${headersMax} headers`)
  for (const name of givenOnce) onlyOne(incoming, name)
}

/** Node keeps the first or the last of a header that is given twice, the next one may take the other. */
export function onlyOne(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name]
  if (value === undefined) return undefined
  if (countOf(incoming, name) > 1)
    throw new Problem('invalid-request', `${name} is given more than once`)
  return String(value)
}

function countOf({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] as string
    if (raw.length === name.length && raw.toLowerCase() === name) count += 1
  }
  return count
}
