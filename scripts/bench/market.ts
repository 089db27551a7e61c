import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../compose/local/ports.ts'
import { createDatabase } from '../../functions/_runtime/database.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { createLog } from '../../functions/_runtime/log.ts'
import { createRuntime } from '../../functions/_runtime/runtime.ts'
import { createSeal } from '../../functions/_runtime/seal.ts'
import { importContacts } from '../../functions/notifications/import.ts'
import { newAccessToken } from '../../functions/users/access-token.ts'
import { readConfig } from '../../functions/users/config.ts'
import { createDeps } from '../../functions/users/deps.ts'
import { startStack, type Stack } from '../stack.ts'
import { atEnd } from './ending.ts'

/** Everything, warm and in a folder of its own, with tokens of buyers. Ends with the bench. */
export type Market = { stack: Stack; tokens: string[] }

const manyAMinute = ['purchases', 'reads']
  .flatMap((name) => [`${name}.user=100000000/60`, `${name}.address=100000000/60`])
  .join()

export async function openMarket(buyers: number): Promise<Market> {
  const folder = await mkdtemp(join(tmpdir(), 'boxoffice-bench-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const stack = await startStack({
    folder,
    port: await freePort(),
    brokerPort: await freePort(),
    isTogether: true,
    // One machine buys for thousands here. What the limits cost is measured, where they lie is not.
    settings: () => ({ LOG_LEVEL: 'warn', RATE_LIMITS: manyAMinute }),
    say: () => {},
  })
  atEnd(() => stack.stop())
  const userIds = Array.from({ length: buyers }, newId)
  await introduce(stack, userIds)
  return { stack, tokens: await mint(stack, userIds) }
}

async function mint(stack: Stack, userIds: string[]): Promise<string[]> {
  const config = readConfig({
    DATABASE_URL: stack.databaseUrl('users'),
    REDIS_URL: stack.redisUrl,
    BROKER_URL: stack.brokerUrl,
    SERVICE_KEY: stack.secrets.serviceKey,
    EVENT_KEY: stack.secrets.eventKey,
    KEY_SECRET: stack.secrets.usersKey,
    CONTACT_KEY: stack.secrets.contactKey,
    LOG_LEVEL: 'silent',
  })
  const runtime = createRuntime('users', config, async () => [])
  const deps = createDeps(runtime, config)
  const tokens = await Promise.all(
    userIds.map((userId) =>
      newAccessToken(deps, { userId, sessionId: newId(), roles: ['customer', 'admin'] }),
    ),
  )
  await runtime.close()
  return tokens
}

/** Notifications knows them: who buys is sent a mail. */
async function introduce(stack: Stack, userIds: string[]): Promise<void> {
  const log = createLog('bench', 'silent')
  const url = stack.databaseUrl('notifications')
  const entities = async () => []
  const database = createDatabase({ url, connections: 8, prepared: true, entities, log })
  const users = userIds.map((userId, i) => ({
    userId,
    version: 1,
    name: `Buyer ${i}`,
    email: `buyer-${i}@mail.example`,
  }))
  await importContacts(database, createSeal(stack.secrets.notificationsKey), users)
  await database.close()
}
