import type { Context } from 'hono'
import { overJson } from './over-json.ts'
import { Problem } from './problem.ts'

/** The body as it came, at most `bytesMax` of it however it is sent; a chunked one is cut off while it arrives. */
export async function readBytes(c: Context, bytesMax: number): Promise<Buffer> {
  const announced = Number(c.req.header('content-length') ?? 0)
  if (announced > bytesMax) throw tooLarge(bytesMax)
  if (announced > 0) return Buffer.from(await c.req.arrayBuffer())
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length
    if (size > bytesMax) throw tooLarge(bytesMax)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The body as JSON. Text that Postgres could not keep (NUL) is refused here, for every route. */
export async function readBody(c: Context, bytesMax: number): Promise<unknown> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new Problem('media-type-unsupported', 'Send the body as content-type: application/json')
  return parseJson(await readBytes(c, bytesMax))
}

export function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes)
  if (text.includes('\\u0000')) throw withNul()
  try {
    return JSON.parse(text, mayNamePrototype.test(text) ? refusePrototype : undefined) as unknown
  } catch (err) {
    if (err instanceof Problem) throw err
    throw new Problem('invalid-request', 'The body is not JSON', {}, err)
  }
}

/** What `parseJson` would make of a value's JSON, and refuse of it. */
export const overJsonBody = (value: unknown): unknown =>
  overJson(value, (name, member) => {
    if (name.includes('\0') || (typeof member === 'string' && member.includes('\0')))
      throw withNul()
    return refusePrototype(name, member)
  })

const withNul = () => new Problem('invalid-request', 'The body has a NUL character in it')

/** As it is, or with letters of it escaped. */
const mayNamePrototype = /__proto__|\\u00/

/** A schema of named values (`z.record`) leaves this name out without a word; no contract has it. */
function refusePrototype(name: string, value: unknown): unknown {
  if (name === '__proto__')
    throw new Problem('invalid-request', 'The body has a field named __proto__')
  return value
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (err) {
    throw new Problem('invalid-request', 'The body is not UTF-8', {}, err)
  }
}

const tooLarge = (bytesMax: number) =>
  new Problem('body-too-large', `The body may have ${bytesMax} bytes at most`, { bytesMax })
