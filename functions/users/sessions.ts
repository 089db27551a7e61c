import type { Role } from '../../contracts/route.ts'
import type { Session } from '../../contracts/users.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import { newAccessToken } from './access-token.ts'
import type { Deps } from './deps.ts'
import { fingerprintOf } from './personal.ts'
import { hashOf, newRefreshToken, openSuccessor, sealSuccessor } from './refresh-token.ts'
import {
  deleteExpired,
  endSessionOf,
  endSessions,
  openSession,
  rotateToken,
} from './store/sessions.ts'
import { findLogIn, replaceHash } from './store/users.ts'

/** What a client is given: the session for the body, the refresh token for the cookie. */
export type Opened = { session: Session; refreshToken: string; seconds: number }

/**
 * Opens a session. An unknown address, a user without a password and a wrong password are refused with the
 * same words after the same work, so that nobody learns who has an account.
 */
export async function logIn(
  deps: Deps,
  { email, password }: { email: string; password: string },
): Promise<Opened> {
  const { database, passwords, logIns } = deps
  const user = await findLogIn(database, fingerprintOf(deps.seal, email))
  const hash = user?.password_hash ?? null
  const isHis = await passwords.matches(password, hash)
  const refuse = () => {
    logIns.inc({ outcome: 'refused' })
    return new Problem('wrong-credentials', 'The e-mail address or the password is wrong')
  }
  if (!user || hash === null || !isHis) throw refuse()
  if (user.is_banned) throw banned()
  if (passwords.isOutdated(hash))
    await replaceHash(database, user.id, hash, await passwords.hash(password))

  const refreshToken = newRefreshToken()
  const sessionId = newId()
  const seconds = await openSession(database, {
    id: sessionId,
    userId: user.id,
    hash: hashOf(refreshToken),
    days: deps.refreshDays,
  })
  if (seconds === undefined) throw refuse()
  logIns.inc({ outcome: 'opened' })
  return opened(deps, { userId: user.id, sessionId, roles: user.roles, refreshToken, seconds })
}

/** Exchanges a refresh token for the next one and an access token with the roles of today; see `rotateToken`. */
export async function refreshSession(deps: Deps, token: string | undefined): Promise<Opened> {
  if (token === undefined) throw ended()
  const next = newRefreshToken()
  const rotation = await rotateToken(deps.database, {
    hash: hashOf(token),
    successorHash: hashOf(next),
    successorSealed: sealSuccessor(token, next),
    graceSeconds: deps.refreshGraceSeconds,
    banSeconds: deps.sessionBanSeconds,
  })
  deps.refreshes.inc({ outcome: rotation?.outcome ?? 'unknown' })
  if (!rotation) throw ended()
  const { user_id: userId, session_id: sessionId, roles, seconds, outcome } = rotation
  if (outcome === 'reused') {
    await deps.edgeBans.tell([sessionId])
    deps.log.warn({ userId }, 'a refresh token came a second time; its session ended')
    throw ended()
  }
  const refreshToken = openSuccessor(token, rotation.successor_sealed)
  return opened(deps, { userId, sessionId, roles, refreshToken, seconds })
}

/** Ends the session of a refresh token. Nothing happens where there is none. */
export async function logOut(deps: Deps, token: string | undefined): Promise<void> {
  if (token === undefined) return
  const id = await endSessionOf(deps.database, hashOf(token), deps.sessionBanSeconds)
  if (id) await deps.edgeBans.tell([id])
}

/** Ends every session of a user; the edge refuses their access tokens from now on. */
export async function logOutEverywhere(deps: Deps, userId: string): Promise<void> {
  const { database, sessionBanSeconds: banSeconds } = deps
  await deps.edgeBans.tell(await endSessions(database, { userId, banSeconds }))
}

const expiredRowsMax = 500

export const sweepSessions = ({ database }: Deps): Promise<number> =>
  deleteExpired(database, expiredRowsMax)

/** Said only to who has the right password: to others he does not exist. */
const banned = () => new Problem('account-banned', 'Write to us if you think that this is wrong')

const ended = () => new Problem('session-ended', 'Log in again')

type Granted = {
  userId: string
  sessionId: string
  roles: Role[]
  refreshToken: string
  seconds: number
}

async function opened(deps: Deps, { refreshToken, seconds, ...whom }: Granted): Promise<Opened> {
  const accessToken = await newAccessToken(deps, whom)
  const session: Session = { accessToken, tokenType: 'Bearer', expiresIn: deps.accessSeconds }
  return { session, refreshToken, seconds }
}
