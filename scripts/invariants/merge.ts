export type Keyed = { id: string }

/** The rows of one id, by the stream that they came from. */
export type Merged<Rows extends Record<string, Keyed>> = { id: string } & {
  [Name in keyof Rows]: Rows[Name][]
}

/**
 * Joins streams that are each in the order of their ids, as a zip closes: only the rows of one id are in memory at
 * a time. Throws where a stream is out of order: what follows would be called missing.
 */
export async function* mergeById<Rows extends Record<string, Keyed>>(streams: {
  [Name in keyof Rows]: AsyncIterator<Rows[Name]>
}): AsyncGenerator<Merged<Rows>> {
  const names = Object.keys(streams) as (keyof Rows & string)[]
  const heads = new Map<string, Keyed>()
  const advance = async (name: keyof Rows & string) => {
    const before = heads.get(name)
    const { done, value } = await streams[name].next()
    if (done) return heads.delete(name)
    if (before && value.id < before.id)
      throw new Error(`${name} is not in the order of ids: ${value.id} after ${before.id}`)
    heads.set(name, value)
  }
  try {
    await Promise.all(names.map(advance))
    while (heads.size > 0) {
      const id = [...heads.values()].reduce(
        (low, head) => (head.id < low ? head.id : low),
        '\uffff',
      )
      const own: Record<string, Keyed[]> = {}
      await Promise.all(
        names.map(async (name) => {
          const rows: Keyed[] = (own[name] = [])
          for (let head = heads.get(name); head?.id === id; head = heads.get(name)) {
            rows.push(head)
            await advance(name)
          }
        }),
      )
      yield { id, ...own } as Merged<Rows>
    }
  } finally {
    await Promise.allSettled(names.map(async (name) => streams[name].return?.()))
  }
}
