import { RefreshToken, Session } from './session.ts'
import { SigningKey } from './signing-key.ts'
import { Credential, User } from './user.ts'

export const entities = [User, Credential, Session, RefreshToken, SigningKey]
