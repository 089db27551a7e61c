import { newId } from '../../../functions/_runtime/ids.ts'
import type { Market } from '../market.ts'
import { openAccount, password, serviceToken } from './callers.ts'
import { askInside, patiently, until } from './door.ts'
import type { Thing } from './thing.ts'

/** Accounts of people who do nothing else, and what lets one into them. */
export function secretsIn(market: Market) {
  async function account(): Promise<Thing & { bearer: Record<string, string> }> {
    const { id, email, bearer } = await openAccount(market, ['customer'])
    return { id, more: { email }, bearer }
  }

  async function erased(): Promise<Thing> {
    const { id, more, bearer } = await account()
    const { status, text } = await patiently(() =>
      market.ask('DELETE', '/v1/users/me', undefined, bearer),
    )
    if (status !== 204) throw new Error(`not erased: ${text}`)
    return { id, more }
  }

  async function session(): Promise<Thing> {
    const { id, more } = await account()
    const answer = await patiently(() =>
      market.ask('POST', '/v1/auth/login', { email: more.email, password }),
    )
    return { id, more: { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' } }
  }

  /** A link that was mailed to somebody new, with the token that stands in the mail. */
  async function link(purpose: string, path?: string, body?: object): Promise<Thing> {
    const { id: userId, more, bearer } = await account()
    if (path)
      await patiently(() => market.ask('POST', path, { email: more.email, ...body }, bearer))
    const find = 'select id from links where user_id = $1 and purpose = $2'
    let id = ''
    await until(`a link to ${purpose}`, async () => {
      id = (await market.sql('users', find, [userId, purpose]))[0]?.id ?? ''
      return id !== ''
    })
    const key = market.secrets.serviceKey
    const headers = await serviceToken('notifications', 'users', { key })
    const asked = { method: 'GET', path: `/v1/links/${id}`, headers }
    const answer = await askInside(market, 'users', asked)
    return { id, more: { token: answer.body.token } }
  }

  return {
    account,
    erased,
    session,
    verifyLink: () => link('verify-email'),
    resetLink: () => link('reset-password', '/v1/auth/reset-requests'),
    changeLink: () =>
      link('change-email', '/v1/users/me/email', { email: `${newId()}@example.org`, password }),
  }
}
