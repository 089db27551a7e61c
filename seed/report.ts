import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { tableOf } from './csv.ts'
import { fileOf, names, type Name } from './form.ts'
import { isAccepted, type Judged, type Verdict } from './judge/verdicts.ts'

export type FileReport = {
  rows: number
  /** Without a flag. */
  imported: number
  flagged: number
  rejected: number
  /** A row may have several flags. */
  flags: Record<string, number>
  reasons: Record<string, number>
}

/** What became of each row. Of every file, imported, flagged and rejected add up to its rows. */
export type Report = {
  folder: string
  shiftSeconds: number
  files: Record<Name, FileReport>
}

export function reportOf(folder: string, judged: Judged, shiftSeconds: number): Report {
  const files = names.map((name) => [name, fileReport(judged[name].all)] as const)
  return {
    folder: basename(resolve(folder)),
    shiftSeconds,
    files: Object.fromEntries(files) as Report['files'],
  }
}

function fileReport(verdicts: Verdict<unknown>[]): FileReport {
  const accepted = verdicts.filter(isAccepted)
  const flagged = accepted.filter(({ flags }) => flags.length > 0)
  const rejected = verdicts.filter((verdict) => !isAccepted(verdict))
  return {
    rows: verdicts.length,
    imported: accepted.length - flagged.length,
    flagged: flagged.length,
    rejected: rejected.length,
    flags: countsOf(flagged.flatMap(({ flags }) => flags)),
    reasons: countsOf(rejected.flatMap(({ reasons }) => reasons)),
  }
}

function countsOf(words: string[]): Record<string, number> {
  const counts = Map.groupBy(words, (word) => word)
  return Object.fromEntries(
    Array.from(counts, ([word, all]) => [word, all.length] as const).toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  )
}

/** Writes the report, and each row that was flagged or rejected, as it came; they may hold personal data. */
export async function writeReport(to: string, report: Report, judged: Judged): Promise<void> {
  await mkdir(to, { recursive: true })
  const flagged = rowsOf(judged, (verdict) => (isAccepted(verdict) ? verdict.flags : []))
  const rejected = rowsOf(judged, ({ reasons }) => reasons)
  const file = (ending: string) => join(to, `${report.folder}${ending}`)
  const write = (ending: string, text: string) => writeFile(file(ending), text, { mode: 0o600 })
  await Promise.all([
    write('.json', `${JSON.stringify(report, null, 2)}\n`),
    write('-flagged.csv', tableOf(['file', 'line', 'flags', 'row'], flagged)),
    write('-rejected.csv', tableOf(['file', 'line', 'reasons', 'row'], rejected)),
  ])
}

function rowsOf(judged: Judged, why: (verdict: Verdict<unknown>) => string[]) {
  return names.flatMap((name) =>
    judged[name].all
      .filter((verdict) => why(verdict).length > 0)
      .map((verdict) => ({
        file: fileOf(name),
        line: String(verdict.line),
        flags: why(verdict).join(' '),
        reasons: why(verdict).join(' '),
        row: JSON.stringify(verdict.original),
      })),
  )
}

/** The report as a table for people. */
export function linesOf({ files }: Report): string[] {
  const cells = (first: string, numbers: (string | number)[]) =>
    first.padEnd(10) + numbers.map((number) => String(number).padStart(10)).join('')
  const reasons = names.flatMap((name) => [
    ...Object.entries(files[name].flags).map((entry) => [name, 'flagged', ...entry] as const),
    ...Object.entries(files[name].reasons).map((entry) => [name, 'rejected', ...entry] as const),
  ])
  return [
    cells('', ['rows', 'imported', 'flagged', 'rejected']),
    ...names.map((name) => {
      const { rows, imported, flagged, rejected } = files[name]
      return cells(name, [rows, imported, flagged, rejected])
    }),
    ...reasons.map(
      ([name, what, reason, count]) =>
        `  ${name.padEnd(9)}${what.padEnd(9)}${String(count).padStart(6)}  ${reason}`,
    ),
  ]
}
