import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto'

/** Keeps what must not lie open in a database: AES-256-GCM, with the context that it belongs to bound in. */
export type Seal = {
  seal(text: string, context: string): string
  /** Throws where the text was changed, or sealed with another key or for another context. */
  open(sealed: string, context: string): string
  /** The same for the same text: finds a sealed value without opening any. */
  fingerprint(text: string, context: string): string
}

const version = 'v1'

export function createSeal(secret: string): Seal {
  const key = (purpose: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `boxoffice ${purpose}`, 32)))
  const sealKey = key('seal')
  const fingerprintKey = key('fingerprint')
  return {
    seal(text, context) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `${version}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed, context) {
      const [form, packed = ''] = sealed.split('.')
      if (form !== version) throw new Error('sealed in a form that is not known')
      const bytes = Buffer.from(packed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, 12))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(12, 28))
      return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')
    },
    fingerprint: (text, context) =>
      createHmac('sha256', fingerprintKey).update(`${context}\0${text}`).digest('base64url'),
  }
}
