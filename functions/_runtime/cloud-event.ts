import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from './problem.ts'

/** A CloudEvent 1.0, as far as functions look at one. Extensions are whatever the sender made of them. */
export type Event = {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string | undefined
  readonly data?: unknown
  readonly sig?: unknown
  readonly correlationid?: unknown
  readonly traceparent?: unknown
}

/**
 * Reads a CloudEvent that came over HTTP, binary or structured. Throws `invalid-event`.
 *
 * A delivery costs little else than this, so the binary form, as every Broker sends it, is read here. Whatever is
 * not plainly well formed goes to the SDK, which knows the specification by heart, and says what is wrong with it.
 */
export async function readEvent(headers: IncomingHttpHeaders, body: Buffer): Promise<Event> {
  return readPlain(headers, body) ?? readAny(headers, body)
}

const anyText = /^[\x21-\x7e]+$/
const plain: Record<string, RegExp> = {
  'ce-specversion': /^1\.0$/,
  'ce-id': anyText,
  'ce-source': /^\/[\w./-]*$/,
  'ce-type': /^[\w.-]+$/,
  'ce-subject': anyText,
  'ce-time': /^\d{4}-(0[1-9]|1[0-2])-([01]\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$/,
  'ce-dataschema': /^urn:[\w:.-]+$/,
}
const extensionName = /^ce-[a-z0-9]+$/

function readPlain(headers: IncomingHttpHeaders, body: Buffer): Event | undefined {
  if (headers['content-type'] !== 'application/json') return undefined
  for (const name in headers)
    if (name.startsWith('ce-')) {
      const value = headers[name]
      if (typeof value !== 'string' || value === '') return undefined
      const form = plain[name]
      if (form ? !form.test(value) : !extensionName.test(name)) return undefined
    }
  const { 'ce-id': id, 'ce-source': source, 'ce-type': type } = headers
  if (!id || !source || !type || !headers['ce-specversion']) return undefined
  const data = readObject(body)
  if (!data) return undefined
  return {
    id: id as string,
    source: source as string,
    type: type as string,
    subject: headers['ce-subject'] as string | undefined,
    data,
    sig: headers['ce-sig'],
    correlationid: headers['ce-correlationid'],
    traceparent: headers['ce-traceparent'],
  }
}

function readObject(body: Buffer): unknown {
  const text = body.toString()
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''

/** Reads one event of a batch. Throws `invalid-event`. Whatever is not plainly well formed is the SDK's here, too. */
export async function readMember(member: unknown): Promise<Event> {
  const { specversion, id, source, type, subject, data } = Object(member) as Record<string, unknown>
  const isPlain =
    specversion === '1.0' &&
    isText(id) &&
    isText(source) &&
    isText(type) &&
    (subject === undefined || isText(subject)) &&
    typeof data === 'object'
  if (isPlain) return member as Event
  const headers = { 'content-type': 'application/cloudevents+json' }
  return readAny(headers, Buffer.from(JSON.stringify(member)))
}

async function readAny(headers: IncomingHttpHeaders, body: Buffer): Promise<Event> {
  const { default: cloudevents } = await import('cloudevents')
  const { CloudEvent, HTTP } = cloudevents
  try {
    const event = HTTP.toEvent({ headers, body: body.toString() })
    if (Array.isArray(event)) throw new Error('batches are not taken')
    if (event.specversion !== '1.0') throw new Error('specversion must be 1.0')
    // Reading lets pass what the specification forbids in extensions; making one does not.
    return new CloudEvent(event)
  } catch (err) {
    throw new Problem(
      'invalid-event',
      err instanceof Error ? err.message : 'not a CloudEvent',
      {},
      err,
    )
  }
}

/** A CloudEvent 1.0 with JSON data in the binary form of HTTP. Attributes are ASCII; undefined ones are left out. */
export function toMessage(
  attributes: Record<string, string | undefined>,
  data: unknown,
): { headers: Record<string, string>; body: string } {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
  }
  for (const name in attributes) {
    const value = attributes[name]
    if (value !== undefined) headers[`ce-${name}`] = value
  }
  return { headers, body: JSON.stringify(data) }
}
