import { after, byId, Table, unnest, type Engine, type Journal, type Row } from './tables.ts'

const columns = 'id aggregatetype aggregateid type payload correlationid traceparent'

/** The tables that every function has, with the statements of `_runtime/outbox.ts`. */
export function createBase(): Engine & {
  tell: (told: Row[], now: Date, isUnsent?: boolean) => Row[]
} {
  const journal: Journal = []
  const outbox = new Table(journal)
  const unsent = new Table(journal)

  /** `outboxInsert`: rows beside the marks that they are still to be sent. */
  function tell(told: Row[], now: Date, isUnsent = true): Row[] {
    for (const row of told) {
      outbox.put(row.id, { ...row, created_at: now })
      if (isUnsent) unsent.put(row.id, { id: row.id, due_at: after(now, 10) })
    }
    return told
  }

  const statements: Engine['statements'] = {
    ping: () => [{ '?column?': 1 }],
    'outbox-insert': (values, now) => [{ count: String(tell(toldOf(values), now).length) }],
    'outbox-sent': ([ids]) => {
      for (const id of ids) unsent.remove(id)
      return []
    },
    'outbox-again': ([ids], now) => {
      for (const id of ids)
        if (outbox.get(id) && !unsent.get(id)) unsent.put(id, { id, due_at: now })
      return []
    },
    'outbox-claim': ([limit], now) => {
      const due = unsent
        .where((row) => row.due_at <= now)
        .toSorted(byId)
        .slice(0, limit)
      for (const { id } of due) unsent.put(id, { id, due_at: after(now, 30) })
      return due
        .flatMap(({ id }) => outbox.get(id) ?? [])
        .toSorted(byId)
        .map(({ created_at: _, ...row }) => row)
    },
  }
  return { tables: { outbox, outbox_unsent: unsent }, statements, journal, tell }
}

/** Rows for the outbox, out of seven columns of which the fifth is JSON. */
export const toldOf = (values: any[]): Row[] =>
  unnest(columns, values).map((row) => ({ ...row, payload: JSON.parse(row.payload) }))
