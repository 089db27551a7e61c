/** What happened, in order: a number that is the same for the same world, and lines for whoever reads them. */
export type Trace = {
  note(...words: (string | number | undefined)[]): void
  /** Of all that was noted so far. */
  hash(): string
  lines: string[]
}

/** FNV-1a, over two lanes of 32 bits. */
export function createTrace(now: () => number, isKept: boolean): Trace {
  const lines: string[] = []
  const startedAt = now()
  let [low, high] = [0x811c9dc5, 0x01234567]
  return {
    note(...words) {
      const ms = Math.round((now() - startedAt) * 1000)
      const line = `${ms} ${words.filter((word) => word !== undefined).join(' ')}`
      for (let i = 0; i < line.length; i++) {
        const code = line.charCodeAt(i)
        low = Math.imul(low ^ code, 0x01000193)
        high = Math.imul(high ^ code ^ (low >>> 13), 0x01000193)
      }
      if (isKept)
        lines.push(`${(ms / 1e6).toFixed(6).padStart(12)} s  ${line.replace(/^\d+ /, '')}`)
    },
    hash: () =>
      (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0'),
    lines,
  }
}
