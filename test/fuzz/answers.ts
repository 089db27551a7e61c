import { Ajv2020 } from 'ajv/dist/2020.js'
import { problems } from '../../contracts/problems.ts'
import { document, resolve, type JsonSchema, type Operation } from './operations.ts'
import type { Answer, Sent } from './wire.ts'

// Formats come with a pattern that says the same.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false })
ajv.addSchema({ $id: 'boxoffice', components: document.components })

const validators = new WeakMap<object, (value: unknown) => string | undefined>()

/** What is wrong with a value by its schema, or undefined. */
export function misfit(schema: JsonSchema, value: unknown): string | undefined {
  let validate = validators.get(schema)
  if (!validate) {
    const check = ajv.compile(absolute(schema) as object)
    validate = (one) => (check(one) ? undefined : ajv.errorsText(check.errors))
    validators.set(schema, validate)
  }
  return validate(value)
}

function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' ? String(inner).replace('#/', 'boxoffice#/') : absolute(inner),
    ]),
  )
}

/** Everything in which an answer is not what the document promises. */
export function violations(operation: Operation, sent: Sent, answer: Answer): string[] {
  if (answer.status === 0) return [`no answer: ${answer.text}`]
  const found: string[] = []
  if (answer.status >= 500 && answer.status !== 503) found.push(`answered ${answer.status}`)
  const documented = operation.responses[answer.status]
  if (!documented) return [...found, `answered ${answer.status}, which is not documented`]
  const response = resolve(documented)
  for (const [name, header] of Object.entries<JsonSchema>(response.headers ?? {})) {
    const value = answer.headers[name]
    const { required, schema } = resolve(header)
    if (value === undefined ? required : misfit(schema, value))
      found.push(`${answer.status} with ${name}: ${value}`)
  }
  found.push(...wrongBody(response, sent, answer))
  if (answer.status < 400) found.push(...wronglyTaken(operation, sent))
  if (/\.[jt]s:\d+:\d+|node_modules|syntax error at|violates|pg_catalog/.test(answer.text))
    found.push(`${answer.status} tells of our insides`)
  return found
}

function wrongBody(response: JsonSchema, sent: Sent, answer: Answer): string[] {
  const { status, text } = answer
  const type = answer.headers['content-type'] ?? ''
  const [expected = '', content] = Object.entries<JsonSchema>(response.content ?? {})[0] ?? []
  if (type.split(';')[0] !== expected) return [`${status} of type ${type}, not ${expected}`]
  if (sent.method === 'HEAD' || !content?.schema)
    return expected === '' && text !== '' ? [`${status} with a body`] : []
  try {
    const wrong = misfit(content.schema, JSON.parse(text))
    if (wrong) return [`${status}: ${wrong}`]
  } catch (err) {
    return [`${status}: ${String(err)}`]
  }
  if (status < 400) return []
  const { code, type: urn } = JSON.parse(text) as { code: keyof typeof problems; type: string }
  return problems[code].status === status && urn === `urn:boxoffice:problem:${code}`
    ? []
    : [`${status} with ${code}, ${urn}`]
}

/** What was done although the document says that it is refused. */
function wronglyTaken({ body, isOpen, roles }: Operation, sent: Sent): string[] {
  const { who } = sent
  if (who === 'forged') return ['took a forged token']
  if (!isOpen && who === 'nobody') return ['took nobody']
  if (roles && !roles.includes(who)) return [`took a caller who is ${who}`]
  if (!body) return []
  try {
    const wrong = misfit(body, JSON.parse((sent.body ?? '').replace(/^\ufeff/, '')))
    return wrong ? [`took a body that breaks its schema: ${wrong}`] : []
  } catch (err) {
    return [`took a body that is no JSON: ${String(err)}`]
  }
}
