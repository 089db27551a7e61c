import type pg from 'pg'
import type { Sent } from './statements.ts'

type Node = {
  'Node Type': string
  'Total Cost': number
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Node[]
}

export type PlanMode = 'force_custom_plan' | 'force_generic_plan'

export type Plan = {
  /** The planner's, in its own units. */
  cost: number
  /** The tables that are read or written. */
  used: string[]
  /** Those of them that are read from end to end, row by row or by the whole of an index. */
  readWhole: string[]
}

/** How Postgres would run the statement in a session with these settings. */
export async function planOf(
  client: pg.Client,
  sent: Sent,
  mode: PlanMode,
  settings: Readonly<Record<string, string>>,
): Promise<Plan> {
  const values = sent.values.length > 0 ? `(${sent.values.join()})` : ''
  await client.query('begin')
  try {
    const all = { ...settings, plan_cache_mode: mode, search_path: `"${sent.database}"` }
    for (const [name, value] of Object.entries(all))
      await client.query('select set_config($1, $2, true)', [name, value])
    // Where sequential scans are off, the whole of an index is what a bad plan reads instead.
    const partial = settings.enable_seqscan === 'off' ? await partialIndexes(client) : undefined
    await client.query(`prepare sent as ${sent.text}`)
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Node }[] }>(
      `explain (format json) execute sent${values}`,
    )
    const plans = rows.flatMap((row) => row['QUERY PLAN'].map(({ Plan: plan }) => plan))
    const nodes = plans.flatMap((plan) => allOf(plan))
    const named = (some: Node[]) => [...new Set(some.flatMap((one) => one['Relation Name'] ?? []))]
    return {
      cost: plans.reduce((sum, plan) => sum + plan['Total Cost'], 0),
      used: named(nodes),
      readWhole: named(nodes.filter((node) => isWhole(node, partial))),
    }
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

/** A partial index has what a sweep looks for, and is read as a whole. */
const isWhole = (node: Found, partial: ReadonlySet<string> | undefined) =>
  node['Node Type'] === 'Seq Scan' ||
  (partial !== undefined &&
    /^Index (Only )?Scan$/.test(node['Node Type']) &&
    !node['Index Cond'] &&
    !node.isLimited &&
    !partial.has(node['Index Name'] ?? ''))

type Found = Node & { isLimited: boolean }

function allOf(node: Node, isLimited = false): Found[] {
  const isBelow = isLimited || node['Node Type'] === 'Limit'
  return [{ ...node, isLimited }, ...(node.Plans ?? []).flatMap((one) => allOf(one, isBelow))]
}

async function partialIndexes(client: pg.Client): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indpred is not null`,
  )
  return new Set(rows.map(({ name }) => name))
}
