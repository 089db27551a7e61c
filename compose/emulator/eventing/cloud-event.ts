import type { Attributes } from '../manifests/filters.ts'

/** A CloudEvent on its way through the Broker: its data stay the bytes that they were. */
export type CloudEvent = {
  /** All attributes but the Broker's own hop counter; `datacontenttype` is the content type. */
  attributes: Attributes
  /** How many times it and its replies may still enter the Broker. */
  ttl: number
  /** Headers that travel along: those that trace a request. */
  headers: Readonly<Record<string, string>>
  data: Buffer
}

/** What was sent is no CloudEvent: answered 400. */
export class InvalidEvent extends Error {
  override name = 'InvalidEvent'
}

export const ttlName = 'knativebrokerttl'
export const arrivalName = 'knativearrivaltime'
/** Knative's: how often an event may go round by replies before it is refused. */
export const ttlMax = 255

/** Header names, in lower case, with their first value. */
export type Headers = Readonly<Record<string, string>>

/** Node reads headers as one character a byte; ours are UTF-8. */
export function readHeaders(rawHeaders: readonly string[]): Headers {
  const headers: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] as string
    headers[(rawHeaders[i] as string).toLowerCase()] ??= isAscii(value)
      ? value
      : Buffer.from(value, 'latin1').toString()
  }
  return headers
}

/** True where the headers announce a CloudEvent, well formed or not. */
export const looksLikeEvent = (headers: Headers): boolean =>
  headers['ce-specversion'] !== undefined ||
  (headers['content-type'] ?? '').startsWith('application/cloudevents')

/**
 * Reads a CloudEvent in binary or structured mode, as strictly as Knative's ingress. Throws InvalidEvent.
 * Batches and versions other than 1.0 are refused.
 */
export function readEvent(headers: Headers, body: Buffer): CloudEvent {
  const contentType = headers['content-type'] ?? ''
  const mediaType = (contentType.split(';')[0] as string).trim().toLowerCase()
  if (mediaType.startsWith('application/cloudevents-batch'))
    throw new InvalidEvent('batches are not taken')
  const read = mediaType.startsWith('application/cloudevents')
    ? readStructured(mediaType, body)
    : { attributes: readBinary(headers), data: body }
  return checked(read, travelling(headers))
}

/** Reads one event of a batch, as strictly. Throws InvalidEvent. */
export const readMember = (member: unknown): CloudEvent => checked(readObject(member), {})

type Read = { attributes: Record<string, string>; data: Buffer }

function checked({ attributes, data }: Read, headers: CloudEvent['headers']): CloudEvent {
  const { [ttlName]: ttl, ...rest } = attributes
  check(rest)
  return { attributes: rest, ttl: readTtl(ttl), headers, data }
}

/** Counted down where it is there already; one that is no number counts as not there. */
function readTtl(given: string | undefined): number {
  if (given === undefined || !/^[+-]?\d+$/.test(given)) return ttlMax
  return Math.max(0, Number(given) - 1)
}

function readBinary(headers: Headers): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name] as string
    if (name.startsWith('ce-')) attributes[name.slice(3)] = value
    else if (name === 'content-type') attributes.datacontenttype = value
  }
  return attributes
}

function readStructured(mediaType: string, body: Buffer) {
  if (mediaType !== 'application/cloudevents+json')
    throw new InvalidEvent(`${mediaType} is not a format that is known here`)
  return readObject(parse(body))
}

function readObject(event: unknown): Read {
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new InvalidEvent('the body is not a JSON object')
  const { data, data_base64: base64, ...rest } = event as Record<string, unknown>
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(rest))
    if (value !== null) attributes[name.toLowerCase()] = textOf(name, value)
  return { attributes, data: dataOf(attributes.datacontenttype, data, base64) }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (err) {
    throw new InvalidEvent('the body is not JSON', { cause: err })
  }
}

/** Attributes travel as headers from here on. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isInteger(value)))
    return String(value)
  throw new InvalidEvent(`the attribute ${name} is neither a text, a whole number nor a boolean`)
}

function dataOf(contentType: string | undefined, data: unknown, base64: unknown): Buffer {
  if (base64 !== undefined && base64 !== null) {
    if (typeof base64 !== 'string') throw new InvalidEvent('data_base64 is not a text')
    return Buffer.from(base64, 'base64')
  }
  if (data === undefined) return Buffer.alloc(0)
  const isJson =
    contentType === undefined || /^(?:application|text)\/(?:.+\+)?json\b/i.test(contentType)
  if (isJson) return Buffer.from(JSON.stringify(data))
  if (typeof data === 'string') return Buffer.from(data)
  throw new InvalidEvent(`data of the type ${contentType} must be a text`)
}

const required = ['specversion', 'id', 'source', 'type']
const isTime = (text: string) =>
  /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text) &&
  !Number.isNaN(Date.parse(text))

function check(attributes: Attributes): void {
  for (const name of required)
    if (!attributes[name]?.trim()) throw new InvalidEvent(`the attribute ${name} is missing`)
  if (attributes.specversion !== '1.0')
    throw new InvalidEvent(`specversion ${attributes.specversion} is not known here`)
  for (const name in attributes) {
    if (!/^[a-z0-9]+$/i.test(name))
      throw new InvalidEvent(`${name} is no name for an attribute: letters and digits only`)
    if (hasControl(attributes[name] as string))
      throw new InvalidEvent(`the attribute ${name} has a control character`)
  }
  const { time, dataschema, datacontenttype } = attributes
  if (time !== undefined && !isTime(time)) throw new InvalidEvent('time is not an RFC 3339 time')
  if (dataschema !== undefined && !/^[a-z][a-z0-9+.-]*:/i.test(dataschema))
    throw new InvalidEvent('dataschema is not an absolute URI')
  if (datacontenttype !== undefined && !/^[^\s/;]+\/[^\s/;]+\s*(?:;.*)?$/.test(datacontenttype))
    throw new InvalidEvent('datacontenttype is not a media type')
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code === 127) return true
  }
  return false
}

/** The headers that Knative hands on from producer to subscriber, and from a reply to the next. */
export function travelling(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name in headers)
    if (
      name === 'x-request-id' ||
      name === 'retry-after' ||
      name.startsWith('x-b3-') ||
      name.startsWith('knative-')
    )
      kept[name] = headers[name] as string
  return kept
}

/** The head of the request that delivers `event` in binary mode to `path` at `host`. */
export function deliveryHead(
  { attributes, headers, data }: CloudEvent,
  host: string,
  path: string,
  more: Record<string, string>,
): string {
  let head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${data.length}\r\n`
  for (const name in attributes) {
    const header = name === 'datacontenttype' ? 'content-type' : `ce-${name}`
    head += `${header}: ${attributes[name]}\r\n`
  }
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`
  for (const name in more) head += `${name}: ${more[name]}\r\n`
  // Values from JSON may be any text: their UTF-8 goes over the wire as it is.
  return `${isAscii(head) ? head : Buffer.from(head).toString('latin1')}\r\n`
}

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
