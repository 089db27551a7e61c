/** Tells which pieces of a connection change something on its other side. */
export type IsWrite = (piece: Buffer) => boolean

/** Of PostgreSQL's protocol: a COMMIT, or a statement that writes, by its text or, once prepared, by its name. */
export function createPostgresWrites(): IsWrite {
  const writing = new Set<string>(['commit'])
  return (piece) => {
    const text = piece.toString('latin1')
    // Parse: 'P', length, name, text. Bind: 'B', length, portal, name.
    for (const [, name = '', sql = ''] of text.matchAll(/P[^]{4}([\w-]*)\0([^\0]{6,})\0/g))
      if (/\b(insert into|update|delete from)\b/i.test(sql)) writing.add(name)
    for (const [, name = ''] of text.matchAll(/B[^]{4}[\w-]*\0([\w-]*)\0/g))
      if (writing.has(name)) return true
    return false
  }
}

/** The beginning of an HTTP request that does more than to read. */
export const isHttpWrite: IsWrite = (piece) =>
  /^(POST|PUT|PATCH|DELETE) \//.test(piece.subarray(0, 12).toString('latin1'))

/** Every command to Redis counts. */
export const isAny: IsWrite = () => true
