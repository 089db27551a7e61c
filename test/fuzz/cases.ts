import fc from 'fast-check'
import { oddHeader, oddTypes } from './odd-headers.ts'
import { change, changed, oddBodies, oddName, oddText, textOf } from './oddities.ts'
import type { Operation, Parameter } from './operations.ts'
import { known, valueOf } from './values.ts'

export const whos = ['nobody', 'forged', 'customer', 'other', 'organizer', 'admin'] as const
export type Who = (typeof whos)[number]

/** A request before the ids of this run are in it. */
export type Case = {
  who: Who
  path: string
  query: string
  headers: [string, string][]
  body: string | undefined
}

/** Requests to one operation, most of them sound, the others with something odd in one or two places. */
export function caseOf(operation: Operation): fc.Arbitrary<Case> {
  const of = (place: Parameter['in']) => operation.parameters.filter((one) => one.in === place)
  return fc
    .record({
      who: whoOf(operation),
      path: pathOf(operation, of('path')),
      query: queryOf(of('query')),
      named: namedHeaders(of('header')),
      more: rarely(fc.uniqueArray(oddHeader, { minLength: 1, maxLength: 3 }), 8, []),
      type: mostly('application/json', oddTypes),
      body: bodyOf(operation),
    })
    .map(({ who, path, query, named, more, type, body }) => ({
      who,
      path,
      query,
      headers: [
        ...named,
        ...more,
        ...(body === undefined || type === '' ? [] : [['content-type', type] as [string, string]]),
      ],
      body,
    }))
}

/** `often` times the plain one for each odd one. */
const rarely = <T>(odd: fc.Arbitrary<T>, often: number, plain: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: often, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: odd })
const mostly = (plain: string, odd: readonly string[]) => rarely(fc.constantFrom(...odd), 12, plain)

function whoOf({ isOpen, roles }: Operation): fc.Arbitrary<Who> {
  const fit: Who[] = isOpen
    ? ['nobody', 'customer']
    : roles
      ? whos.filter((who) => roles.includes(who))
      : ['customer', 'organizer', 'admin']
  return fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...fit) },
    { weight: 1, arbitrary: fc.constantFrom(...whos) },
  )
}

/** What an operation that destroys is tried on, so that there is always something left to buy and to look at. */
const victims: Record<string, string> = {
  cancelOrder: 'spent',
  refundOrder: 'spent',
  cancelEvent: 'draft',
  deleteEvent: 'draft',
  changeEvent: 'draft',
  publishEvent: 'draft',
  setWaitingRoom: 'draft',
  deleteVenue: 'hall',
  changeVenue: 'hall',
  banUser: 'victim',
  unbanUser: 'victim',
  setRoles: 'victim',
}

function pathOf({ id, path }: Operation, parameters: Parameter[]): fc.Arbitrary<string> {
  const values = parameters.map(({ name, schema }) => {
    const noun = path.split(`/{${name}}`)[0]?.split('/').at(-1) ?? ''
    const good = known(victims[id] ?? (name === 'file' ? 'file' : noun))
    const encoded = oddText.map((text) => encodeURIComponent(text.toWellFormed()))
    return fc.oneof(
      { weight: 8, arbitrary: schema.enum ? fc.constantFrom(...schema.enum) : good },
      {
        weight: 1,
        arbitrary: valueOf(schema, name).map((value) => encodeURIComponent(String(value))),
      },
      { weight: 1, arbitrary: encoded },
    )
  })
  return fc
    .tuple(...values)
    .map((all) =>
      parameters.reduce((at, { name }, i) => at.replace(`{${name}}`, all[i] as string), path),
    )
}

function queryOf(parameters: Parameter[]): fc.Arbitrary<string> {
  const good = fc.tuple(
    ...parameters.map(({ name, schema }) =>
      fc.oneof(
        { weight: 4, arbitrary: valueOf(schema, name).map((value) => [pair(name, String(value))]) },
        { weight: name === 'eventId' ? 1 : 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: oddText.map((text) => [pair(name, text)]) },
        { weight: 1, arbitrary: oddText.map((text) => [pair(name, text), pair(name, text)]) },
      ),
    ),
  )
  const odd = fc.oneof(
    fc.tuple(oddName, oddText).map(([name, text]) => pair(name, text)),
    fc.constantFrom(
      '%',
      '%zz',
      '%00',
      'a[]=1',
      'a[b]=1',
      '__proto__[x]=1',
      '=',
      '&&',
      '?',
      'page=1;size=2',
    ),
  )
  return fc
    .tuple(good, rarely(odd, 10, ''))
    .map(([pairs, more]) => [...pairs.flat(), ...(more === '' ? [] : [more])].join('&'))
}

/** What stands for something known stays as it is. */
const pair = (name: string, value: string) =>
  `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed()).replaceAll(/%E2%80%B9(\w+)%3A(\d+)%E2%80%BA/g, '‹$1:$2›')}`

const goodHeaders: Record<string, fc.Arbitrary<string>> = {
  'idempotency-key': fc.uuid(),
  'if-match': fc.nat(5).map((version) => `"${version}"`),
  'if-none-match': fc.constantFrom('*', '"1"', 'W/"1"'),
  prefer: fc.constantFrom('respond-async', 'wait=5'),
  'last-event-id': fc.nat(1000).map(String),
}
const oddKeys = [
  '',
  '""',
  '"a"',
  'a b',
  'a"b',
  'é',
  'x'.repeat(255),
  'x'.repeat(256),
  '‹order:0›',
  'a,b',
]

function namedHeaders(parameters: Parameter[]): fc.Arbitrary<[string, string][]> {
  const all = parameters.map(({ name }) => {
    const good = goodHeaders[name] ?? fc.string()
    const one = (value: string): [string, string][] => [[name, value]]
    return fc.oneof(
      { weight: name === 'idempotency-key' ? 8 : 2, arbitrary: good.map(one) },
      { weight: 1, arbitrary: fc.constant<[string, string][]>([]) },
      { weight: 1, arbitrary: fc.constantFrom(...oddKeys).map(one) },
      { weight: 1, arbitrary: good.map((value) => [...one(value), ...one(value)]) },
    )
  })
  return fc.tuple(...all).map((found) => found.flat())
}

function bodyOf({ body, method, id }: Operation): fc.Arbitrary<string | undefined> {
  const junk = fc.constantFrom<(string | undefined)[]>(...oddBodies, undefined)
  if (!body) return rarely(junk, id === 'webhook' || method === 'GET' ? 4 : 10, undefined)
  const good = valueOf(body)
  return fc.oneof(
    { weight: 6, arbitrary: good.map(textOf) },
    {
      weight: 5,
      arbitrary: fc.tuple(good, change).map(([value, one]) => textOf(changed(value, one))),
    },
    { weight: 1, arbitrary: junk },
  )
}
