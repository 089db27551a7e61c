import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { canonicalJson } from '../canonical.ts'
import { readIdempotencyKey, requestHash } from '../idempotency.ts'
import { derivedId, newId } from '../ids.ts'
import { Problem } from '../problem.ts'
import { createSeal } from '../seal.ts'
import { readSettings, commonSettings } from '../settings.ts'
import { describe } from '../test.ts'

const codeOf = (work: () => unknown) => {
  try {
    work()
  } catch (err) {
    return err instanceof Problem ? err.code : String(err)
  }
  return undefined
}

describe('ids', (it) => {
  it('are UUIDv7, and sort by the millisecond they were made in', async () => {
    const first = newId()
    await new Promise((resolve) => setTimeout(resolve, 3))
    const ids = Array.from({ length: 1000 }, newId)
    assert.ok(
      ids.every((id) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
      ),
    )
    assert.is(new Set(ids).size, 1000)
    assert.ok(ids.every((id) => id > first))
  })

  it('that are derived are UUIDv5 as RFC 9562 has them', () => {
    assert.is(
      derivedId('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com'),
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    )
  })
})

describe('canonical JSON', (it) => {
  it('is the same for bodies that mean the same', () => {
    assert.is(
      canonicalJson({ b: [1, { d: null, c: 'é' }], a: undefined }),
      '{"b":[1,{"c":"é","d":null}]}',
    )
    assert.is(canonicalJson(undefined), 'null')
    assert.is(
      canonicalJson({ b: [undefined], a: { 10: 1, 9: 2 } }),
      '{"a":{"9":2,"10":1},"b":[null]}',
    )
    const named = JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}') as unknown
    assert.is(canonicalJson(named), '{"__proto__":{"c":2,"d":1},"b":1}')
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(value).toReversed())
        assert.is(canonicalJson(value), canonicalJson(shuffled))
        assert.equal(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('an Idempotency-Key', (it) => {
  it('is taken quoted and bare as the same key', () => {
    assert.is(readIdempotencyKey('"8e03978e-40d5"'), '8e03978e-40d5')
    assert.is(readIdempotencyKey('8e03978e-40d5'), '8e03978e-40d5')
  })

  it('is refused when it is missing, empty, too long or not printable', () => {
    assert.is(
      codeOf(() => readIdempotencyKey(undefined)),
      'idempotency-key-missing',
    )
    for (const bad of ['', '""', 'x'.repeat(256), 'a b', '"a"b"', 'é'])
      assert.is(
        codeOf(() => readIdempotencyKey(bad)),
        'invalid-request',
        bad,
      )
  })

  it('belongs to a request by its meaning, not by the order of its fields', () => {
    assert.is(
      requestHash('POST', '/v1/orders', { a: 1, b: 2 }),
      requestHash('POST', '/v1/orders', { b: 2, a: 1 }),
    )
    assert.is.not(
      requestHash('POST', '/v1/orders', { a: 1 }),
      requestHash('POST', '/v1/orders', { a: 2 }),
    )
  })
})

describe('a seal', (it) => {
  const seal = createSeal('a key that is long enough to be a key')

  it('opens what it sealed, only for the same context, and never what was changed', () => {
    const sealed = seal.seal('mail@example.com', 'user 1')
    assert.is(seal.open(sealed, 'user 1'), 'mail@example.com')
    assert.not.match(sealed, /mail/)
    assert.throws(() => seal.open(sealed, 'user 2'))
    assert.throws(() => seal.open(`${sealed.slice(0, -2)}AA`, 'user 1'))
    assert.throws(() => createSeal('another key that is long enough').open(sealed, 'user 1'))
  })

  it('seals the same text differently each time, and fingerprints it the same', () => {
    assert.is.not(seal.seal('a', 'x'), seal.seal('a', 'x'))
    assert.is(seal.fingerprint('a', 'x'), seal.fingerprint('a', 'x'))
    assert.is.not(seal.fingerprint('a', 'x'), seal.fingerprint('a', 'y'))
  })
})

describe('settings', (it) => {
  it('name everything that is missing or wrong at once, and no value', () => {
    try {
      readSettings(commonSettings, { PORT: 'secret-port', SERVICE_KEY: 'short-secret' })
      assert.unreachable()
    } catch (err) {
      const { message } = err as Error
      for (const name of ['PORT', 'BROKER_URL', 'SERVICE_KEY', 'EVENT_KEY'])
        assert.match(message, name)
      assert.not.match(message, /secret/)
    }
  })
})
