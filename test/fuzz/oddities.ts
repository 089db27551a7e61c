import fc from 'fast-check'

/** Stands in a value for text that no value can say in JSON. */
const raw = [
  '1e400',
  '-1e400',
  '9007199254740993',
  '1e-400',
  '-0',
  '1.0',
  '1E2',
  '12345678901234567890123456789',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\uD83D\\uDE00"',
  '"\\u202e\\u2066"',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"$ne":null}',
  '{"$like":"%"}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
  'NaN',
  'Infinity',
  'undefined',
  '01',
  "'a'",
] as const

const strings = [
  '',
  ' ',
  '0',
  '-1',
  'null',
  'true',
  'NaN',
  "' OR 1=1--",
  "'; select pg_sleep(5)--",
  '%',
  '_%\\',
  '../../etc/passwd',
  '\r\nset-cookie: a=b',
  '\u0000',
  '\ud800',
  '\u202eabc',
  '👩‍👩‍👧‍👦',
  'e\u0301',
  'ﬀ',
  '<script>alert(1)</script>',
  '{{7*7}}${7*7}',
  '$argon2id$v=19',
  '00000000-0000-0000-0000-000000000000',
  '2026-02-30T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T23:59:59-23:59',
  '2026-12-31T23:59:60Z',
  '+275760-09-13T00:00:00.000Z',
  'x'.repeat(300),
  'é'.repeat(200),
]

const values: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e9,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [[]],
  [null],
  { length: 1 },
  Array.from({ length: 300 }, () => 0),
]

const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'id',
  'status',
  'total',
  'roles',
]
const moreNames = [
  'userId',
  'price',
  'amountMinor',
  'organizerId',
  'version',
  '',
  '$where',
  '\u0000',
]

/** What no schema asks for, often enough of the wrong type. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...strings),
  fc.constantFrom(...values),
  fc.nat(raw.length - 1).map((index) => `‹raw:${index}›`),
)
export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...strings) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
)
export const oddName: fc.Arbitrary<string> = fc.constantFrom(...names, ...moreNames)

export type Change = {
  at: number
  how: 'replace' | 'drop' | 'add' | 'repeat'
  name: string
  value: unknown
}

export const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(1000),
  how: fc.constantFrom('replace', 'replace', 'drop', 'add', 'repeat'),
  name: oddName,
  value: oddValue,
})

/** A copy with one thing wrong in it, somewhere. */
export function changed(value: unknown, { at, how, name, value: odd }: Change): unknown {
  const places = placesIn(value)
  const place = places[at % places.length] as string[]
  return edit(value, place, (found) => {
    if (how === 'replace') return odd
    if (how === 'drop') return undefined
    if (typeof found !== 'object' || found === null) return odd
    if (Array.isArray(found)) return [...found, ...(found.length > 0 ? [found[0]] : [odd])]
    if (how === 'add') return { ...found, [name]: odd }
    const first = Object.keys(found)[0] ?? name
    return { ...found, [`‹again›${first}`]: odd }
  })
}

function placesIn(value: unknown, place: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [place]
  const inner = Object.entries(value).flatMap(([key, one]) => placesIn(one, [...place, key]))
  return [place, ...inner]
}

function edit(
  value: unknown,
  [step, ...rest]: string[],
  work: (found: unknown) => unknown,
): unknown {
  if (step === undefined) return work(value)
  const next = edit((value as Record<string, unknown>)[step], rest, work)
  if (Array.isArray(value)) return value.map((one, i) => (String(i) === step ? next : one))
  return { ...(value as object), [step]: next }
}

/** JSON as text, with what only text can say: numbers out of range, a field given twice. */
export const textOf = (value: unknown): string =>
  (JSON.stringify(value) ?? '')
    .replaceAll(/"‹raw:(\d+)›"/g, (_, index: string) => raw[Number(index)] ?? '0')
    .replaceAll('"‹again›', '"')

/** Bodies that are no JSON object at all. */
export const oddBodies = [
  '',
  ' ',
  'null',
  '[]',
  '""',
  '{',
  '{}',
  '{}{}',
  '\ufeff{}',
  '{"a":1,"a":2}',
  '{"a":1,}',
  '{a:1}',
  "{'a':1}",
  '[1,2',
  '//',
  '\u0000',
  'a=1&b=2',
  '['.repeat(30_000),
  `[${'0,'.repeat(30_000)}0]`,
  `"${'x'.repeat(70_000)}"`,
]
