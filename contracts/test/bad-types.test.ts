import * as assert from 'uvu/assert'
import type { z } from 'zod'
import { describe } from '../../functions/_runtime/test.ts'
import { createSchemas } from '../json-schema.ts'
import { routes } from '../routes.ts'

type Schema = Record<string, any>

/** A value of each type that JSON has; those of numbers and strings look like each other on purpose. */
const values: Record<string, unknown[]> = {
  string: ['1', '', 'true', 'null', '{}'],
  integer: [1, 0, -1, 1e9],
  number: [1.5, 1e308],
  boolean: [true, false],
  null: [null],
  array: [[], [1], ['1'], [[]]],
  object: [{}, { length: 1 }, { $ne: null }, { $like: '%' }],
}

/** What a client might hope to set, because it stands in an answer or in a table. */
const hoped =
  'id status total price amountMinor userId buyerId organizerId version createdAt isAdmin'
const notTheirs = [...hoped.split(' '), '__proto__', 'constructor', 'prototype']

const { add, components } = createSchemas()
const resolved = (schema: Schema): Schema =>
  typeof schema.$ref === 'string'
    ? (components[schema.$ref.split('/').at(-1) ?? ''] as Schema)
    : schema

/** The types that a field takes; undefined where it takes anything. */
function typesOf(given: Schema): Set<string> | undefined {
  const schema = resolved(given)
  const some: Schema[] = schema.anyOf ?? schema.oneOf ?? []
  if (some.length > 0) return new Set(some.flatMap((one) => [...(typesOf(one) ?? [])]))
  if (schema.const !== undefined) return new Set([typeof schema.const])
  return schema.type === undefined ? undefined : new Set([schema.type as string])
}

const bodies = routes.flatMap(({ name, route }) =>
  route.body ? [{ name, body: route.body, schema: resolved(add(route.body, 'input')) }] : [],
)
/** Every field of every body, with the types that it takes. */
const fields = bodies.flatMap(({ name, body, schema }) =>
  Object.entries<Schema>(schema.properties ?? {}).map(([field, own]) => ({
    name: `${name}.${field}`,
    body,
    field,
    types: typesOf(own),
  })),
)

/** True where the schema complains of this very field, whatever else is wrong. */
function isRefused(body: z.ZodType, value: object, field: string): boolean {
  const { error } = body.safeParse(value)
  return (error?.issues ?? []).some(
    ({ path, code, ...issue }) =>
      path[0] === field ||
      (code === 'unrecognized_keys' && 'keys' in issue && issue.keys.includes(field)),
  )
}

describe('the body of every route', (it) => {
  it('takes no field in another type than its own', () => {
    assert.ok(fields.length > 50, `${fields.length} fields`)
    const taken: string[] = []
    for (const { name, body, field, types } of fields) {
      const isOwn = (type: string) =>
        types?.has(type) || (type === 'integer' && types?.has('number'))
      const others = Object.entries(values).flatMap(([type, some]) => (isOwn(type) ? [] : some))
      for (const value of others)
        if (!isRefused(body, { [field]: value }, field))
          taken.push(`${name} takes ${JSON.stringify(value)}`)
    }
    assert.equal(taken, [])
  })

  it('takes no field that it does not name, whatever is hoped of it', () => {
    const taken: string[] = []
    for (const { name, body, schema } of bodies)
      for (const field of notTheirs.filter((one) => !Object.hasOwn(schema.properties ?? {}, one)))
        if (!isRefused(body, { [field]: 'x' }, field)) taken.push(`${name} takes ${field}`)
    assert.equal(taken, [])
  })

  it('takes no list, no text, no number and no nothing in its place', () => {
    for (const { name, body } of bodies)
      for (const value of [[], [{}], '', 'x', 0, 1, true, null, undefined])
        assert.is(body.safeParse(value).success, false, `${name} takes ${JSON.stringify(value)}`)
  })

  it('takes no whole number that a computer would count on wrongly', () => {
    const numbers = [2 ** 53, -(2 ** 53), Infinity, -Infinity, NaN, 0.1, -1]
    for (const { name, body, field, types } of fields)
      for (const value of types?.has('integer') ? numbers : [])
        assert.ok(isRefused(body, { [field]: value }, field), `${name}: ${value}`)
  })
})
