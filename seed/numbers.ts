import type { Name } from './form.ts'

/** Things with their numbers in a data set, in the order of these. */
export type Numbered<Item> = {
  sorted: { item: Item; number: number }[]
  of(id: string): number | undefined
}

export type Numbers = { [File in Exclude<Name, 'tickets'>]: Pick<Numbered<unknown>, 'of'> }

type Thing = { id: string; externalId: string | null }

/** Imported things keep their numbers; the others get the next ones, in the order of `compare`. */
export function numbered<Item extends Thing>(
  items: Item[],
  compare: (one: Item, other: Item) => number,
): Numbered<Item> {
  const imported = items
    .filter(({ externalId }) => externalId !== null)
    .map((item) => ({ item, number: Number(item.externalId) }))
    .toSorted((one, other) => one.number - other.number)
  const next = (imported.at(-1)?.number ?? 0) + 1
  const made = items
    .filter(({ externalId }) => externalId === null)
    .toSorted(compare)
    .map((item, i) => ({ item, number: next + i }))
  const sorted = [...imported, ...made]
  const numberOf = new Map(sorted.map(({ item, number }) => [item.id, number]))
  return { sorted, of: (id) => numberOf.get(id) }
}

/** What was made first comes first, so that numbers mostly stay what they are from one export to the next. */
export const numberedByAge = <Item extends Thing & { createdAt: Date }>(items: Item[]) =>
  numbered(
    items,
    (one, other) =>
      one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1),
  )
