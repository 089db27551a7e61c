import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseUrl, inDatabase } from '../../compose/local/databases.ts'
import { observer } from '../../contracts/observable.ts'
import { readRunFile } from '../run-file.ts'
import type { Places } from './report.ts'

export type PlaceOptions = {
  data: string
  postgres?: string | undefined
  ledger?: string | undefined
  redis?: string | undefined
}

/** Where to read: as it is told, else what runs from the data folder. Throws with a sentence for its user. */
export function placesOf({ data, postgres, ledger, redis }: PlaceOptions): Places {
  if (postgres)
    return {
      databaseUrl: (name) => inDatabase(postgres, name),
      ledger: ledger || undefined,
      redisUrl: redis || undefined,
    }
  const run = readRunFile(data)
  if (!run)
    throw new Error(`nothing runs from ${data}: start it, or name another place with --postgres`)
  const file = join(data, 'secrets.json')
  const secrets = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { observer?: string })
    : {}
  const { observer: password } = secrets
  if (!password) throw new Error(`${file} has no password of ${observer}: start it once more`)
  return {
    databaseUrl: (name) => databaseUrl(run.adminUrl, name, password, observer),
    ledger: ledger || run.bankUrl,
    redisUrl: redis || run.redisUrl,
  }
}
