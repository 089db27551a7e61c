import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChaosReport } from './report.ts'

const file = join(import.meta.dirname, 'kept-seeds.json')
const keptMax = 20

type Kept = { seed: number; seconds: number; sha: string; what: string }

const read = () => JSON.parse(readFileSync(file, 'utf8')) as Kept[]

/** The seeds that failed once: they are run before all others, until somebody takes them out of the file. */
export const keptSeeds = (): number[] => read().map(({ seed }) => seed)

/** Keeps the seeds that something was found with. */
export function keepSeeds({ found, seeds, seconds, sha }: ChaosReport): void {
  const kept = read()
  for (const seed of seeds) {
    const own = found.filter((one) => one.seed === undefined || one.seed === seed)
    if (own.length === 0 || kept.some((one) => one.seed === seed)) continue
    kept.push({ seed, seconds, sha, what: own[0]?.what ?? '' })
  }
  writeFileSync(file, `${JSON.stringify(kept.slice(-keptMax), null, 2)}\n`)
}
