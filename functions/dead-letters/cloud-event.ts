import { Problem } from '../_runtime/problem.ts'
import { jsonMembers } from './json-members.ts'

/** A CloudEvent as it came, whatever its type: nothing is left out and nothing is corrected. */
export type DeadEvent = {
  /** Every attribute and extension but the content type. */
  attributes: Record<string, string>
  contentType: string | null
  data: Buffer
}

/** What the Broker tells of the last try; nothing where it had no answer that it could tell of. */
export type Failure = { destination: string | null; code: number | null; answer: Buffer | null }

/**
 * Reads a CloudEvent in binary or structured mode. Only what has no identity is refused: a dead letter sink
 * is the last one who can keep an event, however odd its other fields are.
 */
export function readDeadEvent(headers: Record<string, string>, body: Buffer): DeadEvent {
  const contentType = headers['content-type'] ?? null
  const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const isStructured = mediaType === 'application/cloudevents+json'
  if (mediaType.startsWith('application/cloudevents') && !isStructured)
    throw new Problem('invalid-event', `${mediaType} is not taken`)
  const event = isStructured ? readStructured(body) : readBinary(headers, contentType, body)
  for (const name of ['specversion', 'id', 'source', 'type'])
    if (!event.attributes[name]) throw new Problem('invalid-event', `It has no ${name}`)
  return event
}

function readBinary(
  headers: Record<string, string>,
  contentType: string | null,
  data: Buffer,
): DeadEvent {
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name.slice(3), asUtf8(value)])
  return { attributes: Object.fromEntries(attributes), contentType, data }
}

/** Headers are read as one character a byte; what the Broker sends is UTF-8. */
function asUtf8(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(value, 'latin1'),
    )
  } catch {
    return value
  }
}

function readStructured(body: Buffer): DeadEvent {
  const { text, fields } = parseObject(body)
  const { data, data_base64: base64, datacontenttype, ...rest } = fields
  const given = typeof datacontenttype === 'string' ? datacontenttype : null
  const attributes = Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name.toLowerCase(), textOf(value)]),
  )
  if (typeof base64 === 'string')
    return { attributes, contentType: given, data: Buffer.from(base64, 'base64') }
  if (data === undefined) return { attributes, contentType: given, data: Buffer.alloc(0) }
  const isText = typeof data === 'string' && given !== null && !isJson(given)
  return {
    attributes,
    contentType: given ?? 'application/json',
    data: Buffer.from(isText ? data : (jsonMembers(text).get('data') ?? '')),
  }
}

function parseObject(body: Buffer): { text: string; fields: Record<string, unknown> } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    const fields = JSON.parse(text) as unknown
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields))
      return { text, fields: fields as Record<string, unknown> }
  } catch (err) {
    throw new Problem('invalid-event', 'The body is not JSON in UTF-8', {}, err)
  }
  throw new Problem('invalid-event', 'The body is not a JSON object')
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

export const isJson = (contentType: string): boolean =>
  /^(?:application|text)\/(?:[^;]+\+)?json\s*(?:;|$)/i.test(contentType)

/** What Knative wrote into the event about its last try. */
export function failureOf({ attributes }: DeadEvent): Failure {
  const { knativeerrordest, knativeerrorcode, knativeerrordata } = attributes
  return {
    destination: knativeerrordest || null,
    code: /^\d{1,9}$/.test(knativeerrorcode ?? '') ? Number(knativeerrorcode) : null,
    answer: knativeerrordata ? bytesOf(knativeerrordata) : null,
  }
}

/** base64, whatever Knative's documentation says; what is none is kept as the text that it is. */
const bytesOf = (text: string): Buffer =>
  /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(text)
    ? Buffer.from(text, 'base64')
    : Buffer.from(text)

/** What belongs to one way through the Broker, and not to the event. */
const ofDelivery = /^knative(?:error\w*|brokerttl|arrivaltime)$/

/** The event as its producer sent it, as headers of binary mode. */
export function deliveryHeaders({ attributes, contentType }: DeadEvent): Record<string, string> {
  const own = Object.entries(attributes).filter(([name]) => !ofDelivery.test(name))
  return Object.fromEntries([
    ...own.map(([name, value]) => [`ce-${name}`, Buffer.from(value).toString('latin1')]),
    ...(contentType === null ? [] : [['content-type', contentType]]),
  ])
}
