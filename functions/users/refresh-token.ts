import { createHash, randomBytes } from 'node:crypto'
import { createSeal } from '../_runtime/seal.ts'

/** 256 random bits: nobody guesses it, so a plain hash is enough to keep it by. */
export const newRefreshToken = (): string => randomBytes(32).toString('base64url')

export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Seals a token with the one that it came of, so that a repeated refresh can be given it again. */
export const sealSuccessor = (token: string, successor: string): string =>
  createSeal(token).seal(successor, context)

export const openSuccessor = (token: string, sealed: string): string =>
  createSeal(token).open(sealed, context)

const context = 'users refresh token'
