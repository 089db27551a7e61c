import type { FunctionName } from '../../../contracts/functions.ts'
import type { Role } from '../../../contracts/route.ts'
import type { App } from '../app.ts'
import { statement, type Sql } from '../database.ts'
import { newId } from '../ids.ts'
import { signEvent } from '../signature.ts'
import { accessToken, eventKey, serviceToken } from './tokens.ts'

/** An answer with its JSON; tests look into it without saying its type each time. */
export type Answer = { status: number; body: any; text: string; headers: Headers }

export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>

/** Asks an app without a port, as nobody, as a user or as another function. */
export function asking(app: App, self: FunctionName) {
  const ask: Ask = async (method, path, body, headers = {}) => {
    const response = await app.request(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : undefined,
      text,
      headers: response.headers,
    }
  }
  const withToken =
    (token: string): Ask =>
    (method, path, body, headers = {}) =>
      ask(method, path, body, { authorization: `Bearer ${token}`, ...headers })

  return {
    app,
    ask,
    as: async (userId: string, roles?: Role[], claims?: Record<string, string>) =>
      withToken(await accessToken(userId, roles, claims)),
    asFunction: async (name: FunctionName) => withToken(await serviceToken(name, self)),
    /** Delivers a CloudEvent as the Broker would; signed unless another signature is given. */
    deliver(
      type: string,
      subject: string,
      data: unknown,
      { id = newId(), source = '/functions/test', sig = '' } = {},
    ) {
      const event = { id, source, type, subject, data }
      return ask('POST', '/', data, {
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': source,
        'ce-type': type,
        'ce-subject': subject,
        'ce-sig': sig || signEvent(eventKey, event),
      })
    },
  }
}

/** The first column of the first row, for what only SQL can see. */
export async function look(sql: Sql, text: string, values: unknown[] = []): Promise<any> {
  const [row] = await sql.query(statement('', text), values)
  return row && Object.values(row)[0]
}
