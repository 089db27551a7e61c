import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { deliveryHeaders, failureOf, readDeadEvent } from '../cloud-event.ts'
import { functionAt } from '../destinations.ts'
import { jsonMembers } from '../json-members.ts'

describe('the members of a JSON object', (it) => {
  it('are found in any object, each as its own text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, spaces) => {
        const members = jsonMembers(JSON.stringify(object, null, spaces))
        const parsed = [...members].map(([name, text]) => [name, JSON.parse(text)])
        assert.equal(Object.fromEntries(parsed), JSON.parse(JSON.stringify(object)))
      }),
    )
  })

  it('are not changed, and the last of two with one name wins', () => {
    const members = jsonMembers(' {"a" :[1.0, "]\\\\"] , "a":1e3\n,"b":{"a":"}"}}')
    assert.equal(
      [...members],
      [
        ['a', '1e3'],
        ['b', '{"a":"}"}'],
      ],
    )
  })
})

describe('the function that a destination means', (it) => {
  const of = (url: string | null) => functionAt(url, 'boxoffice')

  it('is the one whose root it is, in our own namespace', () => {
    for (const url of [
      'http://tickets.boxoffice.svc.cluster.local',
      'http://tickets.boxoffice.svc.cluster.local/',
      'http://tickets.boxoffice.svc.cluster.local:80/',
      'https://tickets.boxoffice.svc.cluster.local',
    ])
      assert.is(of(url), 'tickets', url)
  })

  it('is none where anything else stands there', () => {
    for (const url of [
      null,
      '',
      'tickets',
      'http://tickets.other.svc.cluster.local/',
      'http://tickets.boxoffice.svc.cluster.local.evil.example/',
      'http://tickets.boxoffice.svc.cluster.local@evil.example/',
      'http://user:word@tickets.boxoffice.svc.cluster.local/',
      'http://tickets.boxoffice.svc.cluster.local:8080/',
      'http://tickets.boxoffice.svc.cluster.local/v1/tickets',
      'http://tickets.boxoffice.svc.cluster.local/?a=b',
      'http://169.254.169.254/latest',
      'file:///etc/passwd',
      'http://gateway.boxoffice.svc.cluster.local/',
      'http://dead-letters.boxoffice.svc.cluster.local/',
      'http://broker-ingress.knative-eventing.svc.cluster.local/boxoffice/default',
    ])
      assert.is(of(url), undefined, String(url))
  })
})

describe('what the Broker tells of the last try', (it) => {
  const failure = (attributes: Record<string, string>) =>
    failureOf({ attributes, contentType: null, data: Buffer.alloc(0) })

  it('is base64 that was cut, or a text, or nothing', () => {
    const cut = Buffer.from('é'.repeat(600)).toString('base64').slice(0, 1024)
    assert.is(failure({ knativeerrordata: cut }).answer?.length, 768)
    assert.is(failure({ knativeerrordata: 'not found!' }).answer?.toString(), 'not found!')
    assert.equal(failure({}), { destination: null, code: null, answer: null })
  })

  it('does not go out again with the event, and all else does as it came in', () => {
    const headers = {
      'ce-id': '1',
      'ce-source': '/s',
      'ce-type': 't',
      'ce-specversion': '1.0',
      'ce-sig': 's',
      'ce-subject': Buffer.from('✓').toString('latin1'),
      'content-type': 'application/json; charset=utf-8',
    }
    const of = {
      'ce-knativeerrordest': 'http://x/',
      'ce-knativeerrorcode': '400',
      'ce-knativeerrordata': 'eA==',
      'ce-knativebrokerttl': '255',
      'ce-knativearrivaltime': '2026-11-20T10:00:00Z',
    }
    const event = readDeadEvent({ ...headers, ...of, 'kn-namespace': '' }, Buffer.alloc(0))
    assert.equal(deliveryHeaders(event), headers)
  })
})
