import { failpoint } from '../functions/_runtime/failpoint.ts'

/** Says what a long step has done. */
export type Progress = {
  /**
   * Does `work` in pieces of `size`, and says every few seconds how far it is. Tests end the process after a
   * piece, by its label.
   */
  inPieces<Item>(
    label: string,
    items: readonly Item[],
    size: number,
    work: (piece: Item[]) => Promise<unknown>,
  ): Promise<void>
  /** One line with the time that a step took. */
  timed<Result>(label: string, work: () => Promise<Result>): Promise<Result>
}

const everyMs = 3000

export function createProgress(say: (line: string) => void): Progress {
  return {
    async inPieces(label, items, size, work) {
      let told = performance.now()
      for (let start = 0; start < items.length; start += size) {
        await work(items.slice(start, start + size))
        failpoint(`seed.${label}`)
        if (performance.now() - told < everyMs) continue
        told = performance.now()
        say(`${label}: ${Math.min(start + size, items.length)} of ${items.length}`)
      }
    },
    async timed(label, work) {
      const start = performance.now()
      const result = await work()
      say(`${label}, ${((performance.now() - start) / 1000).toFixed(1)} s`)
      return result
    },
  }
}

/** The answers to a question that may only name so many things at a time. */
export async function inPieces<Item, Answer>(
  items: readonly Item[],
  size: number,
  ask: (piece: Item[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let start = 0; start < items.length; start += size)
    for (const answer of await ask(items.slice(start, start + size))) answers.push(answer)
  return answers
}
