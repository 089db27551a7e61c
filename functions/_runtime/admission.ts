import { hkdfSync } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { clockToleranceSeconds, issuer } from './tokens.ts'

/** One user's leave to shop at one hot event until `endsAt`, in ms since 1970. */
export type Admission = { id: string; eventId: string; userId: string; endsAt: number }

export type AdmissionTokens = {
  sign(admission: Admission): Promise<string>
  /** Undefined where it is no token of ours, is over, or is another user's or event's. */
  verify(token: string, eventId: string, userId: string): Promise<Admission | undefined>
}

const tokenType = 'admission+jwt'

/** The tokens that waiting-room signs and the gateway takes; the key is derived, so a service token is never one. */
export function createAdmissionTokens(secret: string): AdmissionTokens {
  const key = deriveKey(secret, 'admission')
  return {
    sign: ({ id, eventId, userId, endsAt }) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: tokenType })
        .setIssuer(issuer)
        .setJti(id)
        .setSubject(userId)
        .setAudience(eventId)
        .setExpirationTime(Math.floor(endsAt / 1000))
        .sign(key),
    async verify(token, eventId, userId) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          typ: tokenType,
          issuer,
          audience: eventId,
          subject: userId,
          requiredClaims: ['exp', 'jti'],
          clockTolerance: clockToleranceSeconds,
        })
        return {
          id: payload.jti as string,
          eventId,
          userId,
          endsAt: (payload.exp as number) * 1000,
        }
      } catch (err) {
        if (err instanceof errors.JOSEError) return undefined
        throw err
      }
    },
  }
}

/** A key for one purpose only, from a secret that has several. */
export const deriveKey = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `boxoffice ${purpose}`, 32))

/** Redis keeps the ids of the hot events here, as JSON `{version, events}`; no key says that Redis has lost it. */
export const hotEventsKey = 'waiting-room:hot'

export type HotEvents = { version: number; events: string[] }

/** There while a user may shop at a hot event: the id of the admission that opened it. */
export const windowKey = (eventId: string, userId: string) =>
  `waiting:{${eventId}}:window:${userId}`
