import * as z from 'zod'
import { createSchemas } from './json-schema.ts'
import { commonProblems, problems, type ProblemCode } from './problems.ts'
import type { Route } from './route.ts'
import { isInside, routes } from './routes.ts'

const Problem = z
  .looseObject({
    type: z.string().meta({ description: 'urn:boxoffice:problem:<code>' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]),
    correlationId: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'Everything that is wrong with the request, at once' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457; what else is known stands beside these fields' })

/** The OpenAPI 3.1 description of all that the gateway lets through. */
export function openapi(): unknown {
  const schemas = createSchemas()
  const refusals = createRefusals(schemas.add(Problem, 'output'))
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { name, route } of routes.filter((one) => !isInside(one.route))) {
    const path = route.path.replace(/:file\{.*$/, '{file}').replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: {
        operationId: name,
        tags: [route.owner],
        summary: route.summary,
        security: route.access === 'anyone' ? [{}, { bearer: [] }] : [{ bearer: [] }],
        ...(typeof route.access === 'object' && 'roles' in route.access
          ? { 'x-roles': route.access.roles }
          : {}),
        parameters: parameters(route, schemas.add),
        ...(route.body
          ? { requestBody: { required: true, content: json(schemas.add(route.body, 'input')) } }
          : {}),
        responses: { ...answers(route, schemas.add), ...refusals.of(route) },
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Boxoffice',
      version: '1.0.0',
      description: 'Sells seats for concerts, plays, sports and conferences.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: schemas.components,
      responses: refusals.components,
      headers,
    },
  }
}

type Add = (schema: z.ZodType, io: 'input' | 'output') => Record<string, unknown>

function parameters(route: Route, add: Add) {
  const places = { path: route.params, query: route.query, header: route.headers }
  return Object.entries(places).flatMap(([place, schema]) => {
    if (!schema) return []
    const { properties = {}, required = [] } = add(schema, 'input') as {
      properties?: Record<string, Record<string, unknown>>
      required?: string[]
    }
    return Object.entries(properties).map(
      ([name, { description, required: isWanted, ...rest }]) => ({
        name,
        in: place,
        required: place === 'path' || required.includes(name) || isWanted === true,
        ...(description === undefined ? {} : { description }),
        schema: rest,
      }),
    )
  })
}

function answers(route: Route, add: Add) {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, schema]) => [
      status,
      {
        description: describe(Number(status)),
        headers: headersOf(Number(status)),
        ...(schema === null
          ? {}
          : typeof schema === 'string'
            ? { content: { [schema]: {} } }
            : { content: json(add(schema, 'output')) }),
      },
    ]),
  )
}

/** Problems by status: several codes may share one. What many routes refuse alike stands once. */
function createRefusals(problem: Record<string, unknown>) {
  const components: Record<string, unknown> = {}

  function of(route: Route) {
    const codes = [...new Set([...commonProblems, ...(route.problems ?? [])])].toSorted()
    const byStatus = Map.groupBy(codes, (code) => problems[code].status)
    return Object.fromEntries(
      Array.from(byStatus, ([status, some]) => [
        status,
        { $ref: `#/components/responses/${add(status, some)}` },
      ]),
    )
  }

  function add(status: number, codes: ProblemCode[]): string {
    const name = codes.join('.')
    const named = { properties: { code: { enum: codes }, status: { const: status } } }
    components[name] ??= {
      description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('. '),
      headers: headersOf(status),
      content: { 'application/problem+json': { schema: { ...problem, ...named } } },
    }
    return name
  }

  return { of, components }
}

const headers = {
  'x-correlation-id': {
    description: 'Finds the request in our logs',
    required: true,
    schema: { type: 'string' },
  },
  'www-authenticate': { required: true, schema: { const: 'Bearer' } },
  'retry-after': {
    description: 'Seconds',
    required: true,
    schema: { type: 'string', pattern: '^[1-9][0-9]*$' },
  },
}

/** Those that every answer of a status has; the gateway or `respond` of the runtime sets them. */
function headersOf(status: number) {
  const names: (keyof typeof headers)[] = ['x-correlation-id']
  if (status === 401) names.push('www-authenticate')
  if (status === 429 || status === 503) names.push('retry-after')
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

const json = (schema: unknown) => ({ 'application/json': { schema } })

const describe = (status: number) =>
  ({ 200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'Done', 304: 'Not modified' })[status] ?? 'OK'
