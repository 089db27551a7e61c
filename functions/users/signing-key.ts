import { defineEntity, p } from '@mikro-orm/postgresql'
import type { PublicJwk } from './store/signing-keys.ts'

const SigningKeySchema = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_keys',
  properties: {
    kid: p.text().primary(),
    publicJwk: p.json().$type<PublicJwk>(),
    privateSealed: p.text(),
    createdAt: p.datetime().defaultRaw('now()'),
    signsFrom: p.datetime().defaultRaw('now()'),
    retiresAt: p.datetime().nullable(),
  },
})

/** A key pair for access tokens: public from its creation to `retiresAt`, signing from `signsFrom`. */
export class SigningKey extends SigningKeySchema.class {}

SigningKeySchema.setClass(SigningKey)
