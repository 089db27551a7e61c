import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseOwners } from '../contracts/functions.ts'

/** Everything that nobody may guess; made once for a data folder and kept in it, readable by its owner only. */
export type Secrets = {
  serviceKey: string
  eventKey: string
  ticketKey: string
  usersKey: string
  notificationsKey: string
  contactKey: string
  webhookKey: string
  databases: Record<string, string>
  /** Of the role that reads for `npm run invariants`. */
  observer: string
}

export function secretsIn(folder: string): Secrets {
  const file = join(folder, 'secrets.json')
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {}
  const secrets: Secrets = {
    serviceKey: kept.serviceKey ?? fresh(),
    eventKey: kept.eventKey ?? fresh(),
    ticketKey: kept.ticketKey ?? fresh(),
    usersKey: kept.usersKey ?? fresh(),
    notificationsKey: kept.notificationsKey ?? fresh(),
    contactKey: kept.contactKey ?? fresh(),
    webhookKey: kept.webhookKey ?? fresh(),
    databases: Object.fromEntries(
      databaseOwners.map((name) => [name, kept.databases?.[name] ?? fresh()]),
    ),
    observer: kept.observer ?? fresh(),
  }
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  chmodSync(file, 0o600)
  return secrets
}

const fresh = () => randomBytes(32).toString('base64url')
