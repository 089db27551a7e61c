import { defineEntity, p } from '@mikro-orm/postgresql'

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime(),
  },
})

/** One log-in and all refresh tokens that came of it. To end it is to delete it. */
export class Session extends SessionSchema.class {}

SessionSchema.setClass(Session)

const RefreshTokenSchema = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  properties: {
    hash: p.blob().primary(),
    sessionId: p.uuid(),
    createdAt: p.datetime().defaultRaw('now()'),
    rotatedAt: p.datetime().nullable(),
    successorSealed: p.text().nullable(),
  },
})

/** A refresh token by its SHA-256; `rotatedAt` is when it was exchanged for its successor. */
export class RefreshToken extends RefreshTokenSchema.class {}

RefreshTokenSchema.setClass(RefreshToken)
