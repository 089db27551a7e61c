import { refreshCookie } from '../../contracts/users.ts'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Deps } from './deps.ts'

/** Out of reach for scripts and for other sites, and sent to nothing but `/v1/auth`. */
const optionsOf = ({ isCookieSecure }: Deps) =>
  ({ path: '/v1/auth', httpOnly: true, sameSite: 'Strict', secure: isCookieSecure }) as const

export const readRefreshToken = (c: Context): string | undefined => getCookie(c, refreshCookie)

export const writeRefreshToken = (c: Context, deps: Deps, token: string, seconds: number): void =>
  setCookie(c, refreshCookie, token, { ...optionsOf(deps), maxAge: seconds })

export const clearRefreshToken = (c: Context, deps: Deps): void =>
  void deleteCookie(c, refreshCookie, optionsOf(deps))
