import { defineEntity, LockMode, p, raw, type EntityManager } from '@mikro-orm/postgresql'
import type { Role } from '../../contracts/route.ts'

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary(),
    name: p.text().nullable(),
    roles: p.array().$type<Role[]>(),
    emailSealed: p.text().nullable(),
    emailFingerprint: p.text().nullable(),
    phoneSealed: p.text().nullable(),
    version: p.integer().default(1),
    externalId: p.text().nullable(),
    importedSealed: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    erasedAt: p.datetime().nullable(),
    emailVerifiedAt: p.datetime().nullable(),
    bannedAt: p.datetime().nullable(),
    bannedBy: p.uuid().nullable(),
    banReason: p.text().nullable(),
  },
})

/** A person with an account; once erased, only the fact that there was one. */
export class User extends UserSchema.class {
  /** Takes the person out of the row; the number that a data set gave him is no name. */
  erase(): void {
    this.name = null
    this.roles = []
    this.emailSealed = null
    this.emailFingerprint = null
    this.emailVerifiedAt = null
    this.phoneSealed = null
    this.importedSealed = null
    this.bannedAt = null
    this.bannedBy = null
    this.banReason = null
    this.erasedAt = raw('now()')
    this.version += 1
  }
}

UserSchema.setClass(User)

const CredentialSchema = defineEntity({
  name: 'Credential',
  tableName: 'credentials',
  properties: {
    userId: p.uuid().primary(),
    passwordHash: p.text(),
    changedAt: p.datetime().defaultRaw('now()'),
  },
})

/** What a user proves himself with. An imported user has none until he sets a password. */
export class Credential extends CredentialSchema.class {}

CredentialSchema.setClass(Credential)

/** The user, locked until the transaction ends: who changes him meanwhile, or opens a session, waits. */
export const lockUser = (em: EntityManager, id: string) =>
  em.findOne(User, { id, erasedAt: null }, { lockMode: LockMode.PESSIMISTIC_WRITE })
