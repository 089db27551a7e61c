import { randomBytes } from 'node:crypto'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking, look, type Answer, type Ask } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps, type Deps } from '../deps.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { createReactions } from '../reactions.ts'
import { openKeepers } from './keepers.ts'

/** One instance of users on the given environment. */
export function openInstance(env: Record<string, string>) {
  const config = readConfig(env)
  const runtime = createRuntime('users', config, async () => entities)
  const deps: Deps = createDeps(runtime, config)
  const app = createApp(
    deps,
    createReactions(async () => {}),
  )
  return { deps, ...asking(app, 'users'), close: () => runtime.close() }
}

/** Users on a database of its own. Passwords are hashed as cheaply as can be unless a test says otherwise. */
export async function openUsers(more: Record<string, string> = {}) {
  const keepers = await openKeepers()
  const env: Record<string, string> = {
    ...(await testEnv('users', migrations)),
    FUNCTION_ADDRESSES: keepers.addresses,
    KEY_SECRET: randomBytes(32).toString('hex'),
    CONTACT_KEY: randomBytes(32).toString('hex'),
    ARGON_MEMORY_KIB: '64',
    ARGON_PASSES: '1',
    ...more,
  }
  const instance = openInstance(env)
  return {
    ...instance,
    env,
    keepers,
    async close() {
      await instance.close()
      await keepers.close()
      await endTesting()
    },
  }
}

export type Users = Awaited<ReturnType<typeof openUsers>>

export const password = 'correct horse battery staple'
export const newEmail = () => `${newId()}@example.com`

/** A registered user with what he needs to ask as himself. */
export async function openAccount(users: Pick<Users, 'ask'>, more: Record<string, unknown> = {}) {
  const email = newEmail()
  const registered = await users.ask('POST', '/v1/users', {
    email,
    password,
    name: 'Asha Rao',
    ...more,
  })
  const session = await logIn(users, email)
  const as: Ask = (method, path, body, headers = {}) =>
    users.ask(method, path, body, {
      authorization: `Bearer ${session.body.accessToken}`,
      ...headers,
    })
  return { email, id: registered.body.id as string, session, cookie: cookieOf(session), as }
}

/** A user who is an admin and has logged in since. */
export async function openAdmin(users: Pick<Users, 'ask' | 'deps'>) {
  const account = await openAccount(users)
  await look(users.deps.database, `update users set roles = '{customer,admin}' where id = $1`, [
    account.id,
  ])
  const { body } = await logIn(users, account.email)
  const as: Ask = (method, path, given, headers = {}) =>
    users.ask(method, path, given, { authorization: `Bearer ${body.accessToken}`, ...headers })
  return { ...account, as }
}

export const logIn = ({ ask }: Pick<Users, 'ask'>, email: string, word = password) =>
  ask('POST', '/v1/auth/login', { email, password: word })

/** The refresh cookie of an answer, as a browser would send it back. */
export const cookieOf = ({ headers }: Answer): string =>
  headers.get('set-cookie')?.split(';')[0] ?? ''

export const refresh = ({ ask }: Pick<Users, 'ask'>, cookie: string) =>
  ask('POST', '/v1/auth/refresh', undefined, cookie ? { cookie } : {})

export { look } from '../../_runtime/testing/ask.ts'

/** Asks for a link that sets a new password, and has the request looked at. */
export async function requestReset(
  { ask, deps }: Pick<Users, 'ask' | 'deps'>,
  email: string,
): Promise<void> {
  await ask('POST', '/v1/auth/reset-requests', { email })
  // The background may have it already: whoever comes second waits for nothing and finds nothing.
  const isTaken = async () =>
    (await look(deps.database, 'select count(*)::int from reset_requests')) === 0
  for (let i = 0; i < 1000 && !(await isTaken()); i++)
    await new Promise((resolve) => setTimeout(resolve, 10))
}

/** The newest link of a user. */
export const linkOf = (
  { deps }: Pick<Users, 'deps'>,
  userId: string,
): Promise<string | undefined> =>
  look(
    deps.database,
    'select id from links where user_id = $1 order by created_at desc, id desc limit 1',
    [userId],
  )

/**
 * Opens every connection of the pool: where they are still being opened, callers come one by one. On a machine
 * that is busy a connection may take longer than it may; then once more.
 */
export async function fillPool({ deps }: Pick<Users, 'deps'>, connections: number): Promise<void> {
  const all = () =>
    Promise.all(
      Array.from({ length: connections }, () => look(deps.database, 'select pg_sleep(0.1)')),
    )
  for (let attempt = 1; attempt <= 20; attempt++)
    if (
      await all().then(
        () => true,
        () => false,
      )
    )
      return
  throw new Error('the pool could not be filled')
}

/** Users with so many connections open. */
export async function openCrowd(connections = 20) {
  const users = await openUsers({ DATABASE_CONNECTIONS: String(connections) })
  await fillPool(users, connections)
  return users
}
