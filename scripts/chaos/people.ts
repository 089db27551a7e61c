import { newId } from '../../functions/_runtime/ids.ts'
import { createRuntime } from '../../functions/_runtime/runtime.ts'
import type { Role } from '../../contracts/route.ts'
import { newAccessToken } from '../../functions/users/access-token.ts'
import { readConfig } from '../../functions/users/config.ts'
import { createDeps } from '../../functions/users/deps.ts'
import type { Stack } from '../stack.ts'
import type { Answer, Client } from './client.ts'
import { pause } from './sales.ts'

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
    CONTACT_KEY: stack.secrets.contactKey,
    LOG_LEVEL: 'silent',
    ACCESS_SECONDS: '3600',
  })
  const runtime = createRuntime('users', config, async () => [])
  const users = createDeps(runtime, config)
  return {
    async person(roles = ['customer']) {
      const id = newId()
      const token = await patiently(() =>
        newAccessToken(users, { userId: id, sessionId: newId(), roles }),
      )
      return {
        id,
        ask: (method, path, body, headers = {}) =>
          client.ask({ method, path, token, headers, ...(body === undefined ? {} : { body }) }),
      }
    },
    close: () => runtime.close(),
  }
}

const triesMax = 40

/** The keys of tokens are read from Postgres, which may be away, or slow to be there. */
async function patiently<Value>(work: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (err) {
      if (tries === triesMax) throw err
      await pause(300)
    }
  }
}
