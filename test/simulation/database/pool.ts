import type { Pool } from 'pg'
import { refused, rollBack, type Engine, type Row } from './tables.ts'

type Asked = string | { name?: string; text: string; values?: unknown[] }

/** Lets a statement reach the database, or not: the simulation's faults are here. */
export type Gate = (site: string, effect: () => Promise<Row[]>) => Promise<Row[]>

const lockMsMax = 250

/**
 * A database in memory that the runtime takes for a pool of `pg`. Each named statement is done at once and
 * whole, as if nobody else were there. A transaction has the whole database to itself until it ends; others
 * wait for it as they would for a row, 250 ms at most.
 */
export function createServer(engine: Engine, now: () => Date) {
  let holder: symbol | undefined
  const gone = new Set<symbol>()
  const waiting: (() => void)[] = []

  function release(session: symbol): void {
    if (holder !== session) return
    holder = undefined
    for (const again of waiting.splice(0)) again()
  }

  async function reach(session: symbol): Promise<void> {
    const since = now().getTime()
    while (holder !== undefined && holder !== session) {
      let isOver = false
      const turn = new Promise<void>((resolve) => waiting.push(resolve))
      const limit = new Promise<void>((resolve) => setTimeout(resolve, lockMsMax))
      await Promise.race([turn, limit.then(() => (isOver = true))])
      if (isOver || now().getTime() - since >= lockMsMax) throw refused('55P03')
    }
  }

  function execute(session: symbol, name: string, values: unknown[]): Row[] {
    if (name === 'begin') {
      holder = session
      return []
    }
    // Who never got its turn has nothing to take back.
    if (name === 'rollback' && holder !== session) return []
    if (name === 'rollback') rollBack(engine.journal)
    if (name === 'rollback' || name === 'commit') {
      engine.journal.length = 0
      release(session)
      return []
    }
    const run = engine.statements[name]
    if (!run) throw new Error(`the simulation has no statement ${name}`)
    const before = engine.journal.length
    try {
      const rows = run(values, now())
      if (holder === undefined) engine.journal.length = 0
      return rows
    } catch (err) {
      rollBack(engine.journal, before)
      throw err
    }
  }

  /** The pool of one process. */
  function connect(gate: Gate, onDeath: (work: () => void) => void): Pool {
    const ask = async (session: symbol, asked: Asked) => {
      const { name = '', values = [] } = typeof asked === 'string' ? { name: asked } : asked
      // The end of a connection is the end of its transaction, whatever else fails.
      if (name === 'rollback') return { rows: execute(session, name, []) }
      const rows = await gate(name, async () => {
        await reach(session)
        // What was on its way when its connection ended finds no transaction any more.
        if (gone.has(session)) throw refused('08006')
        return execute(session, name, values)
      })
      return { rows }
    }
    const giveUp = (session: symbol) => {
      if (holder === session) execute(session, 'rollback', [])
    }
    return {
      query: (asked: Asked) => ask(Symbol(), asked),
      async connect() {
        const session = Symbol()
        onDeath(() => {
          giveUp(session)
          gone.add(session)
        })
        await gate('connect', async () => [])
        return {
          query: (asked: Asked) => ask(session, asked),
          release: () => giveUp(session),
        }
      },
      end: async () => {},
    } as unknown as Pool
  }

  return { connect }
}

export type Server = ReturnType<typeof createServer>
