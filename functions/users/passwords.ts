import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { bulkhead, isBulkheadRejectedError } from 'cockatiel'
import { current } from '../_runtime/context.ts'
import { Problem } from '../_runtime/problem.ts'

/**
 * Argon2id (RFC 9106), kept as `$argon2id$v=19$m=…,t=…,p=1$salt$hash`, so that every hash says how it was
 * made and the settings can be raised later. A hash takes megabytes and a core: a few are made at once, more
 * wait, and too many are refused with `too-many-requests`.
 */
export type Passwords = {
  hash(password: string): Promise<string>
  /** Without a hash to compare with, the same work is done and the answer is false: nobody learns who exists. */
  matches(password: string, hash: string | null): Promise<boolean>
  /** True where the hash was made with other settings than today's. */
  isOutdated(hash: string): boolean
}

export type PasswordOptions = {
  memoryKib: number
  passes: number
  atOnce: number
  waitingMax: number
}

const derive = promisify(argon2)
const saltBytes = 16
const hashBytes = 32

export function createPasswords(options: PasswordOptions): Passwords {
  const gate = bulkhead(options.atOnce, options.waitingMax)
  const today = { memoryKib: options.memoryKib, passes: options.passes }

  async function work(password: string, { memoryKib, passes }: Cost, salt: Buffer, bytes: number) {
    const { deadlineAt } = current()
    return gate
      .execute(async () => {
        // Whoever asked has gone by now: nobody would read the answer.
        if (performance.now() > deadlineAt)
          throw new Problem('time-limit', 'The time for this request is over')
        // The same letters may be typed as different code points (é as one or as two).
        const message = password.normalize('NFKC')
        return derive('argon2id', {
          message,
          nonce: salt,
          parallelism: 1,
          tagLength: bytes,
          memory: memoryKib,
          passes,
        })
      })
      .catch((err: unknown) => {
        if (!isBulkheadRejectedError(err)) throw err
        throw new Problem('too-many-requests', 'Too many passwords are being checked', {}, err)
      })
  }

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      return format(today, salt, await work(password, today, salt, hashBytes))
    },
    async matches(password, hash) {
      const known = hash === null ? undefined : parse(hash)
      const salt = known?.salt ?? randomBytes(saltBytes)
      const wanted = known?.hash ?? randomBytes(hashBytes)
      const made = await work(password, known ?? today, salt, wanted.length)
      return timingSafeEqual(made, wanted) && known !== undefined
    },
    isOutdated(hash) {
      const { memoryKib, passes } = parse(hash)
      return memoryKib !== today.memoryKib || passes !== today.passes
    },
  }
}

type Cost = { memoryKib: number; passes: number }

const form = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/

function parse(text: string): Cost & { salt: Buffer; hash: Buffer } {
  const [, memory, passes, salt, hash] = form.exec(text) ?? []
  if (!salt || !hash) throw new Error('a password hash is kept in a form that is not known')
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function format({ memoryKib, passes }: Cost, salt: Buffer, hash: Buffer): string {
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${text(salt)}$${text(hash)}`
}
