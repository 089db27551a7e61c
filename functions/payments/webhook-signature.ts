import { createHmac, timingSafeEqual } from 'node:crypto'
import { Problem } from '../_runtime/problem.ts'

const toleranceSeconds = 300
const elementsMax = 16

/**
 * Throws the Problem `invalid-request` unless `header` is a signature of these bytes, by `key`, made at most
 * 300 s before or after `now`: `t=<unix seconds>,v1=<hex>,…`, where v1 is the HMAC-SHA256 of
 * `<t>.<body as it came>`. Several v1 let a key be changed: one that fits is enough. Other schemes beside it
 * say nothing. `now` is the process's clock, because `t` is another machine's. The signature is checked before
 * the time, so that only who has the key learns which of them was wrong.
 */
export function checkSigned(
  rawBody: Buffer,
  header: string | undefined,
  { key, now }: { key: string; now: Date },
): void {
  const { time, signatures } = readHeader(header ?? '')
  const wanted = createHmac('sha256', key).update(`${time}.`).update(rawBody).digest()
  if (!signatures.some((given) => timingSafeEqual(given, wanted))) throw refused('signature')
  const apartSeconds = Math.abs(Math.floor(now.getTime() / 1000) - Number(time))
  if (apartSeconds > toleranceSeconds) throw refused('time')
}

function readHeader(header: string): { time: string; signatures: Buffer[] } {
  const elements = header.split(',', elementsMax + 1).map((element) => element.split('='))
  const valuesOf = (name: string) =>
    elements.flatMap(([given, value = '']) => (given === name ? [value] : []))
  const [time = '', ...otherTimes] = valuesOf('t')
  const signatures = valuesOf('v1')
  const isWhole =
    elements.length <= elementsMax &&
    otherTimes.length === 0 &&
    /^\d{1,12}$/.test(time) &&
    signatures.every((hex) => /^[0-9a-f]{64}$/.test(hex))
  if (!isWhole) throw refused('signature')
  return { time, signatures: signatures.map((hex) => Buffer.from(hex, 'hex')) }
}

/** What the body of a signed webhook says as JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (err) {
    throw refused('body', err)
  }
}

export const refused = (what: 'signature' | 'time' | 'body', cause?: unknown): Problem =>
  new Problem('invalid-request', `The webhook is not taken: its ${what} is wrong`, {}, cause)
