import { ensureDatabases, withClient } from '../../compose/local/databases.ts'
import { databaseOf, derived, emptyKeys, randomKey, type Places } from './keys.ts'
import type { Kubernetes, Secret } from './kubernetes.ts'
import { admitPooler } from './pooler.ts'

export type Bootstrap = {
  kubernetes: Kubernetes
  /** The Secrets to fill, by name. */
  secrets: readonly string[]
  /** Whose `password` is that of Postgres's superuser, and `username` its name, where it has one. */
  postgresSecret: string
  places: Places
  /** The role that a pooler asks for passwords with; none where it is undefined. */
  poolerRole: string | undefined
  /** How long Postgres may take to be there: it waits for its password, which is made here. */
  postgresMsMax: number
  say: (line: string) => void
}

/**
 * Fills what is empty, then makes each function's role and database with what was filled in. A key that has a value
 * keeps it, so this may be repeated, and run twice at the same time: a write names the version that it is based on,
 * and who comes second reads again. Gives the keys that only the operator can give and has not given.
 */
export async function bootstrap(options: Bootstrap): Promise<string[]> {
  const { kubernetes, secrets, places, say } = options
  for (const name of secrets)
    await fill(kubernetes, name, say, ([, recipe]) =>
      recipe === 'random' ? randomKey() : undefined,
    )

  const redisPassword = secrets.includes('redis')
    ? ((await kubernetes.readSecret('redis')).values.password ?? '')
    : ''
  const filled: Secret[] = []
  for (const name of secrets)
    filled.push(
      await fill(kubernetes, name, say, ([, recipe], secret) =>
        derived(recipe, secret, redisPassword, places),
      ),
    )
  await prepareDatabases(options, filled)
  return filled.flatMap((secret) => emptyKeys(secret).map(([key]) => `${secret.name}/${key}`))
}

type Fill = (empty: [key: string, recipe: string], secret: Secret) => string | undefined

const triesMax = 10

/** The Secret with the values that `value` gives for its empty keys. */
async function fill(
  kubernetes: Kubernetes,
  name: string,
  say: (line: string) => void,
  value: Fill,
): Promise<Secret> {
  for (let i = 0; i < triesMax; i++) {
    const secret = await kubernetes.readSecret(name)
    const made = emptyKeys(secret).flatMap((empty) => {
      const text = value(empty, secret)
      return text === undefined ? [] : [[empty[0], text] as const]
    })
    if (made.length === 0) return secret
    if (await kubernetes.addValues(secret, Object.fromEntries(made)))
      say(`filled ${made.map(([key]) => `${name}/${key}`).join(', ')}`)
  }
  throw new Error(`the Secret ${name} is written by someone else again and again`)
}

async function prepareDatabases(options: Bootstrap, secrets: Secret[]): Promise<void> {
  const { kubernetes, postgresSecret, places, poolerRole, postgresMsMax, say } = options
  const { username = 'postgres', password = '' } = (await kubernetes.readSecret(postgresSecret))
    .values
  const server = `postgres://${username}:${encodeURIComponent(password)}@${places.postgres}/postgres`
  const adminUrl = places.postgresParameters ? `${server}?${places.postgresParameters}` : server
  const passwords = Object.fromEntries(
    secrets.flatMap((secret) => {
      const name = databaseOf(secret)
      return name === undefined ? [] : [[name, secret.values.password ?? '']]
    }),
  )
  await answering(adminUrl, postgresMsMax)
  const observer = secrets.find(({ name }) => name === 'observer')
  await ensureDatabases(adminUrl, passwords, observer?.values.password)
  const names = Object.keys(passwords)
  if (poolerRole !== undefined)
    for (const name of names) await admitPooler(adminUrl, name, poolerRole)
  say(`roles, databases and schemas are there: ${names.join(', ')}`)
}

async function answering(adminUrl: string, msMax: number): Promise<void> {
  const giveUpAt = performance.now() + msMax
  for (;;) {
    try {
      return await withClient(adminUrl, async () => {})
    } catch (err) {
      if (performance.now() > giveUpAt) throw err
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}
