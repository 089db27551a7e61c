import cloudevents from 'cloudevents'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { readEvent, toMessage } from '../cloud-event.ts'
import { newId } from '../ids.ts'
import { Problem } from '../problem.ts'
import { describe } from '../test.ts'

const { CloudEvent, HTTP } = cloudevents

const attributes = {
  id: newId(),
  source: '/functions/orders',
  type: 'dev.boxoffice.order.confirmed.v1',
  subject: newId(),
  time: '2026-11-21T20:00:00.000Z',
  dataschema: 'urn:boxoffice:event:dev.boxoffice.order.confirmed.v1',
  correlationid: 'correlation-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  sig: 'a-signature',
}
const data = { orderId: newId(), lines: [{ label: 'A-1' }, { label: 'Ä-2' }] }
const seen = ({ id, source, type, subject, data: its, sig, correlationid, traceparent }: any) => ({
  id,
  source,
  type,
  subject,
  data: its,
  sig,
  correlationid,
  traceparent,
})

describe('CloudEvents over HTTP', (it) => {
  it('are written as the SDK writes them', () => {
    const { headers, body } = toMessage({ ...attributes, missing: undefined }, data)
    const sdk = HTTP.binary(
      new CloudEvent({ ...attributes, data, datacontenttype: 'application/json' }),
    )
    assert.equal(
      headers,
      Object.fromEntries(
        Object.entries(sdk.headers).map(([name, value]) => [
          name,
          name === 'content-type' ? 'application/json' : value,
        ]),
      ),
    )
    assert.is(body, sdk.body)
    assert.equal(seen(HTTP.toEvent({ headers, body })), seen({ ...attributes, data }))
  })

  it('are read as the SDK reads them, and refused where it refuses them', async () => {
    const { headers, body } = toMessage(attributes, data)
    const odd = ['', ' ', 'a b', 'ä', '1.0', '0.3', '2026-11-31T20:00:00Z', 'urn:x', '%41', '\0']
    const changes = fc.record({
      name: fc.constantFrom(
        ...Object.keys(headers),
        'ce-any-thing',
        'ce-UPPER',
        'ce-',
        'ce-more',
        'x',
      ),
      value: fc.oneof(fc.constant(undefined), fc.constantFrom(...odd), fc.string()),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(changes, { maxLength: 3 }),
        fc.constantFrom(body, '{}', '[1]', '"text"', '{', '', 'null', 'plain'),
        async (some, text) => {
          const changed: Record<string, string> = { ...headers }
          for (const { name, value } of some)
            if (value === undefined) delete changed[name]
            else changed[name] = value
          const read = await readEvent(changed, Buffer.from(text)).catch((err: unknown) => err)
          const wanted = bySdk(changed, text)
          if (wanted === undefined) assert.instance(read, Problem)
          else assert.equal(seen(read), seen(wanted))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

/** What the SDK makes of it, or undefined where it refuses it. */
function bySdk(headers: Record<string, string>, body: string) {
  try {
    const event = HTTP.toEvent({ headers, body })
    if (Array.isArray(event) || event.specversion !== '1.0') return undefined
    return new CloudEvent(event)
  } catch {
    return undefined
  }
}
