import type pg from 'pg'
import type { Sent } from './statements.ts'

type Node = {
  'Node Type': string
  'Total Cost': number
  'Relation Name'?: string
  Plans?: Node[]
}

export type PlanMode = 'force_custom_plan' | 'force_generic_plan'

export type Plan = {
  /** The planner's, in its own units. */
  cost: number
  /** The tables that are read or written. */
  used: string[]
  /** Those of them that are read from end to end. */
  readWhole: string[]
}

/** How Postgres would run the statement. */
export async function planOf(client: pg.Client, sent: Sent, mode: PlanMode): Promise<Plan> {
  const values = sent.values.length > 0 ? `(${sent.values.join()})` : ''
  await client.query('begin')
  try {
    await client.query(`set local plan_cache_mode = ${mode}`)
    await client.query(`set local search_path = "${sent.database}"`)
    await client.query(`prepare sent as ${sent.text}`)
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Node }[] }>(
      `explain (format json) execute sent${values}`,
    )
    const plans = rows.flatMap((row) => row['QUERY PLAN'].map(({ Plan: plan }) => plan))
    const nodes = plans.flatMap(allOf)
    const named = (some: Node[]) => [...new Set(some.flatMap((one) => one['Relation Name'] ?? []))]
    return {
      cost: plans.reduce((sum, plan) => sum + plan['Total Cost'], 0),
      used: named(nodes),
      readWhole: named(nodes.filter((node) => node['Node Type'] === 'Seq Scan')),
    }
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

const allOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(allOf)]
