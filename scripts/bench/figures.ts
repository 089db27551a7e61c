import { cpus, totalmem } from 'node:os'

export const median = (values: readonly number[]): number => percentile(values, 50)

/** The value that `percent` of the others do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
  )
}

/** Rows under their heads, right-aligned but for the first column. */
export function table(heads: string[], rows: (string | number)[][]): string {
  const cells = [heads, ...rows].map((row) => row.map(String))
  const widths = heads.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n')
}

export const round = (value: number, digits = 0): number =>
  Math.round(value * 10 ** digits) / 10 ** digits

/** Where it was measured: figures mean nothing without it. */
export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
