import { randomBytes } from 'node:crypto'
import { readConfig } from '../functions/users/config.ts'
import { ensureAdmin } from '../functions/users/bootstrap.ts'
import { createDeps } from '../functions/users/deps.ts'
import { createRuntime } from '../functions/_runtime/runtime.ts'
import type { Secrets } from './secrets.ts'
import type { Stack } from './stack.ts'

type Installation = Pick<Stack, 'databaseUrl' | 'redisUrl' | 'brokerUrl'> & {
  secrets: Pick<Secrets, 'serviceKey' | 'eventKey' | 'usersKey' | 'contactKey'>
}

/** Opens the first admin's account with a password that nobody chose; gives it, or nothing where there is one. */
export async function firstAdmin({
  databaseUrl,
  redisUrl,
  brokerUrl,
  secrets,
}: Installation): Promise<string | undefined> {
  const config = readConfig({
    DATABASE_URL: databaseUrl('users'),
    REDIS_URL: redisUrl,
    BROKER_URL: brokerUrl,
    SERVICE_KEY: secrets.serviceKey,
    EVENT_KEY: secrets.eventKey,
    KEY_SECRET: secrets.usersKey,
    CONTACT_KEY: secrets.contactKey,
    LOG_LEVEL: 'warn',
  })
  const runtime = createRuntime('users', config, async () => [])
  const password = randomBytes(12).toString('base64url')
  const admin = { email: 'admin@boxoffice.example', name: 'Admin', password }
  try {
    return (await ensureAdmin(createDeps(runtime, config), admin)) ? password : undefined
  } finally {
    await runtime.close()
  }
}
