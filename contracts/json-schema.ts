import * as z from 'zod'

type JsonSchema = Record<string, unknown>

/** Collects named schemas, so that each stands once under `components` and is referred to from everywhere. */
export function createSchemas() {
  const components: Record<string, JsonSchema> = {}

  /** The schema as JSON Schema 2020-12, with references to the named ones in it. */
  function add(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema, $defs, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
    for (const [name, definition] of Object.entries($defs ?? {})) keep(name, definition)
    const { id, ...rest } = refer(own) as JsonSchema & { id?: string }
    if (id === undefined) return rest
    keep(id, rest)
    return { $ref: `#/components/schemas/${id}` }
  }

  function keep(name: string, definition: JsonSchema): void {
    const { id, ...rest } = refer(definition) as JsonSchema
    components[name] ??= rest
  }

  return { add, components }
}

function refer(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(refer)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' ? String(inner).replace('#/$defs/', '#/components/schemas/') : refer(inner),
    ]),
  )
}
