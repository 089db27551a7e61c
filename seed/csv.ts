import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { fileOf, form, names, type Name, type Row } from './form.ts'

/** A row as it stands in a file; `row` is null where it does not have the columns of the form. */
export type Source = { line: number; row: Row | null; text: string }

export type Sources = Record<Name, Source[]>

/** Reads a folder of the form. Throws, with everything that is wrong, where a file is missing or has other columns. */
export async function readFolder(folder: string): Promise<Sources> {
  const missing = names.map(fileOf).filter((file) => !existsSync(join(folder, file)))
  if (missing.length > 0)
    throw new Error(`${folder} is no data set: it has no ${missing.join(', no ')}`)
  const texts = await Promise.all(names.map((name) => readFile(join(folder, fileOf(name)), 'utf8')))
  const files = names.map((name, i) => [name, recordsOf(texts[i] ?? '')] as const)
  const wrong = files.flatMap(([name, [header]]) => {
    const expected = form[name].join()
    return header?.cells?.join() === expected
      ? []
      : [`${fileOf(name)} must begin with the columns ${expected}`]
  })
  if (wrong.length > 0) throw new Error(`${folder} is no data set:\n${wrong.join('\n')}`)
  return Object.fromEntries(
    files.map(([name, [, ...records]]) => [name, records.map((record) => sourceOf(name, record))]),
  ) as Sources
}

/** The text of a file of the form. */
export const csvOf = (name: Name, rows: readonly Row[]): string => tableOf([...form[name]], rows)

/** CSV with a header line, quotes only where they are needed, and lines that end as on Unix. */
export const tableOf = (columns: string[], rows: readonly Row[]): string =>
  stringify([...rows], { header: true, columns, record_delimiter: '\n' })

type Found = { line: number; text: string; cells: string[] | null }

/** A quote that nobody closes must not swallow the rest of a file. */
const linesMax = 20

/** The records of a text, each with the number of its first line. A quoted cell may go over several lines. */
function recordsOf(text: string): Found[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const records: Found[] = []
  for (let at = 0; at < lines.length;) {
    const { text: own, cells, length } = recordAt(lines, at)
    records.push({ line: at + 1, text: own, cells })
    at += length
  }
  return records
}

function recordAt(lines: string[], at: number) {
  const first = lines[at] ?? ''
  if (!first.includes('"')) return { text: first, cells: first.split(','), length: 1 }
  for (let length = 1; length <= Math.min(linesMax, lines.length - at); length++) {
    const text = lines.slice(at, at + length).join('\n')
    const cells = cellsOf(text)
    if (cells === 'open') continue
    return cells ? { text, cells, length } : { text: first, cells: null, length: 1 }
  }
  return { text: first, cells: null, length: 1 }
}

/** The cells of one record; `open` where a quoted cell does not end in it, null where it is malformed. */
function cellsOf(text: string): string[] | 'open' | null {
  try {
    const records = parse(text, { relax_column_count: true, skip_empty_lines: false })
    return records.length === 1 ? (records[0] ?? null) : null
  } catch (err) {
    if (!(err instanceof CsvError)) throw err
    return err.code === 'CSV_QUOTE_NOT_CLOSED' ? 'open' : null
  }
}

function sourceOf(name: Name, { line, text, cells }: Found): Source {
  const columns = form[name]
  const row =
    cells?.length === columns.length
      ? Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']))
      : null
  return { line, text, row }
}
