import { Problem } from '../_runtime/problem.ts'

const versionMax = 2 ** 31 - 1

/**
 * The versions that an If-Match header takes, quoted, weak or bare; null where it takes any. What is not a
 * version matches none, as a tag that nobody gave out.
 */
export function versionsOf(ifMatch: string | undefined): number[] | null {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null
  return ifMatch
    .split(',')
    .map((tag) => Number(/^(?:W\/)?("?)(\d{1,10})\1$/.exec(tag.trim())?.[2] ?? NaN))
    .filter((version) => version <= versionMax)
}

/** The header that names a version. */
export const etagOf = ({ version }: { version: number }) => ({ etag: `"${version}"` })

/** Throws `version-stale`, with the version that it has now, where `row` is none of the `versions`. */
export function requireVersion(row: { version: number }, versions: number[] | null): void {
  if (versions !== null && !versions.includes(row.version))
    throw new Problem('version-stale', `Read it again: its version is ${row.version} by now`, {
      version: row.version,
    })
}

/** Nothing was wrong when it was looked at again: somebody else changed it in between, and back. */
export const raced = () => new Problem('busy', 'It was being changed at the same moment; try again')
