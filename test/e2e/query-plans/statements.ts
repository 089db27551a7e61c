import { readFileSync } from 'node:fs'
import { withClient } from '../../../compose/local/databases.ts'

/** A statement as a function sent it, with what it bound the last time. */
export type Sent = {
  database: string
  /** Of the prepared statement; empty where it was sent unprepared. */
  name: string
  text: string
  /** As SQL literals. */
  values: string[]
}

const mark = '@@'

/** Has Postgres write down every statement from now on, with its values. */
export async function logStatements(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    await admin.query(`alter system set log_line_prefix = '${mark}%d %u${mark}'`)
    await admin.query(`alter system set log_statement = 'all'`)
    await admin.query('select pg_reload_conf()')
  })
}

/** What the functions sent to their own databases and what can be planned, each once. */
export function statementsIn(logFile: string): Sent[] {
  const sent = new Map<string, Sent>()
  let last: Sent | undefined
  // Postgres begins each further line of an entry with a tab.
  for (const entry of readFileSync(logFile, 'utf8').replaceAll('\n\t', '\n').split(opening)) {
    const [, database = '', user = '', what = '', rest = ''] = line.exec(entry) ?? []
    if (user !== database) continue
    if (what === 'DETAIL') {
      last?.values.push(...Array.from(rest.matchAll(literals), ([, value = '']) => value))
      last = undefined
      continue
    }
    const [, name = '', text = ''] = execution.exec(rest) ?? []
    last = undefined
    if (!plannable.test(text)) continue
    last = { database, name: name === '<unnamed>' ? '' : name, text, values: [] }
    sent.set(`${database} ${name} ${text}`, last)
  }
  return [...sent.values()]
}

const opening = new RegExp(`^(?=${mark}\\S* \\S*${mark})`, 'm')
const line = new RegExp(`^${mark}(\\S*) (\\S*)${mark}(LOG|DETAIL):  ([\\s\\S]*?)\\n?$`)
const execution = /^execute (\S+?): ([\s\S]*)$/
const literals = /\$\d+ = ('(?:[^']|'')*'|NULL)/g
const plannable = /^\s*(?:with|select|insert|update|delete|merge)\b/i
