import { newId } from '../../functions/_runtime/ids.ts'
import { createRuntime } from '../../functions/_runtime/runtime.ts'
import type { Role } from '../../contracts/route.ts'
import { newAccessToken } from '../../functions/users/access-token.ts'
import { readConfig } from '../../functions/users/config.ts'
import { createDeps } from '../../functions/users/deps.ts'
import type { Stack } from '../stack.ts'
import type { Answer, Client } from './client.ts'

export type Person = {
  id: string
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
}

export type People = {
  person(roles?: Role[]): Promise<Person>
  close(): Promise<void>
}

/** People with tokens that outlive the run. Their accounts are not what is tried here. */
export function createPeople(stack: Stack, client: Client): People {
  const config = readConfig({
    DATABASE_URL: stack.databaseUrl('users'),
    REDIS_URL: stack.redisUrl,
    BROKER_URL: stack.brokerUrl,
    SERVICE_KEY: stack.secrets.serviceKey,
    EVENT_KEY: stack.secrets.eventKey,
    KEY_SECRET: stack.secrets.usersKey,
    LOG_LEVEL: 'silent',
    ACCESS_SECONDS: '3600',
  })
  const runtime = createRuntime('users', config, async () => [])
  const users = createDeps(runtime, config)
  return {
    async person(roles = ['customer']) {
      const id = newId()
      const token = await newAccessToken(users, { userId: id, sessionId: newId(), roles })
      return {
        id,
        ask: (method, path, body, headers = {}) =>
          client.ask({ method, path, token, headers, ...(body === undefined ? {} : { body }) }),
      }
    },
    close: () => runtime.close(),
  }
}
