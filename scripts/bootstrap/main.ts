import { bootstrap } from './bootstrap.ts'
import { accessFromPod, createKubernetes } from './kubernetes.ts'

/*
 * What the Job `bootstrap` runs: fills the empty keys of the Secrets and makes roles and databases with them. It ends
 * with 1 where a key is still missing that only the operator has.
 */
const { env } = process
const postgres = setting('POSTGRES_ADDRESS')
const say = (line: string) => console.log(line)

const missing = await bootstrap({
  kubernetes: createKubernetes(accessFromPod(env, '/var/run/secrets/kubernetes.io/serviceaccount')),
  secrets: setting('SECRETS').split(/\s+/).filter(Boolean),
  postgresSecret: env.POSTGRES_SECRET ?? 'postgres',
  places: {
    postgres,
    pooler: env.POOLER_ADDRESS ?? postgres,
    postgresParameters: env.POSTGRES_PARAMETERS ?? '',
    redis: setting('REDIS_ADDRESS'),
    redisScheme: env.REDIS_SCHEME === 'rediss' ? 'rediss' : 'redis',
  },
  poolerRole: env.POOLER_ROLE,
  postgresMsMax: 300_000,
  say,
})
if (missing.length > 0) {
  console.error(`give these yourself, with kubectl patch secret: ${missing.join(', ')}`)
  process.exitCode = 1
}

function setting(key: string): string {
  const value = env[key]
  if (!value) throw new Error(`set ${key}`)
  return value
}
