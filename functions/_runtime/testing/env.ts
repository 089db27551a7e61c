import { Redis } from 'ioredis'
import type { FunctionName } from '../../../contracts/functions.ts'
import type { Migrations } from '../migrate.ts'
import { jwksKey } from '../runtime.ts'
import { testDatabase, testRedisUrl } from './services.ts'
import { eventKey, serviceKey, testJwks } from './tokens.ts'

/** The environment of a function under test. Nothing listens at the Broker's address: events stay unsent. */
export async function testEnv(
  name: FunctionName,
  migrations: Migrations,
): Promise<Record<string, string>> {
  const [databaseUrlOfTest, redisUrl] = await Promise.all([
    testDatabase(name, migrations),
    testRedisUrl(),
  ])
  const redis = new Redis(redisUrl)
  await redis.set(jwksKey, JSON.stringify(testJwks))
  await redis.quit()
  return {
    DATABASE_URL: databaseUrlOfTest,
    REDIS_URL: redisUrl,
    BROKER_URL: 'http://127.0.0.1:9/boxoffice/default',
    SERVICE_KEY: serviceKey,
    EVENT_KEY: eventKey,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
    CHECK_ANSWERS: 'on',
  }
}
