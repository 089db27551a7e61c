import { Problem } from '../_runtime/problem.ts'

/** What RFC 3986 lets stand in a path, but no semicolon: some servers cut a segment off at it. */
const plain = /^\/[\w.~!$&'()*+,=:@%/-]*$/
const emptyOrDots = /\/(?:\/|\.{1,2}(?:\/|$))/
/** An encoded letter, digit, dot, slash, backslash, percent sign or control character, or no encoding at all. */
const hidden =
  /%(?![0-9a-f]{2}|$)|%$|%(?:[01].|2[def5]|3[0-9]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9aef])/i

/**
 * The path of a request target, refused where the next one to read it might take it for another path: whoever
 * is asked must be the one we checked. Query strings pass as they are.
 */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  const path = end === -1 ? target : target.slice(0, end)
  if (!plain.test(path) || emptyOrDots.test(path) || (path.includes('%') && hidden.test(path)))
    throw new Problem('invalid-request', 'The path is not spelled in the one way that we take')
  return path
}
