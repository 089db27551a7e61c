import { machine, median, round, table } from './figures.ts'

/** What is to be reached, at least or at most. */
export type Target = { min: number } | { max: number }

/** One thing that was measured once a run. */
export type Figure = {
  /** In the line for machines; the unit last. */
  key: string
  label: string
  values: number[]
  digits?: number
  target?: Target
}

export type Report = {
  /** For people. */
  table: string
  /** For machines. */
  json: Record<string, unknown>
  /** What must not be so. */
  failures?: string[]
}

/** Median and spread of each figure over the runs, beside its target. `facts` say what was measured. */
export function report(
  bench: string,
  title: string,
  facts: Record<string, unknown>,
  figures: Figure[],
): Report {
  const middle = ({ values, digits = 0 }: Figure) => round(median(values), digits)
  const spread = ({ values, digits = 0 }: Figure): [number, number] => [
    round(Math.min(...values), digits),
    round(Math.max(...values), digits),
  ]
  return {
    table: table(
      [title, 'median', 'min – max', 'target'],
      figures.map((figure) => [
        figure.label,
        middle(figure),
        spread(figure).join(' – '),
        shown(figure.target, middle(figure)),
      ]),
    ),
    json: {
      bench,
      ...facts,
      ...Object.fromEntries(figures.map((figure) => [figure.key, middle(figure)])),
      spread: Object.fromEntries(figures.map((figure) => [figure.key, spread(figure)])),
      machine: machine(),
    },
  }
}

function shown(target: Target | undefined, value: number): string {
  if (!target) return ''
  const isReached = 'min' in target ? value >= target.min : value <= target.max
  const limit = 'min' in target ? `≥ ${target.min}` : `≤ ${target.max}`
  return `${limit} ${isReached ? '✓' : '✗'}`
}
