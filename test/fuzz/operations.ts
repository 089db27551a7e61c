import { openapi } from '../../contracts/openapi.ts'

export type JsonSchema = Record<string, any>
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; schema: JsonSchema }

/** One operation of the OpenAPI file: all that a client knows of a route. */
export type Operation = {
  id: string
  method: string
  path: string
  parameters: Parameter[]
  body: JsonSchema | undefined
  responses: Record<string, JsonSchema>
  isOpen: boolean
  roles: string[] | undefined
  streams: boolean
}

/** The document as an integrator reads it; a check keeps contracts/openapi.json in step with it. */
export const document = openapi() as Record<string, any>

/** What a reference within the document stands for. */
export const resolve = (schema: JsonSchema): JsonSchema =>
  typeof schema.$ref === 'string'
    ? schema.$ref
        .slice(2)
        .split('/')
        .reduce((at: any, step: string) => at[step], document)
    : schema

export const operations: Operation[] = Object.entries<Record<string, any>>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, spec]) => ({
      id: spec.operationId,
      method: method.toUpperCase(),
      path,
      parameters: spec.parameters,
      body: spec.requestBody?.content['application/json'].schema,
      responses: spec.responses,
      isOpen: spec.security.some((one: object) => Object.keys(one).length === 0),
      roles: spec['x-roles'],
      streams: 'text/event-stream' in (spec.responses[200]?.content ?? {}),
    })),
)
