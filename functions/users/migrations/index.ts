import type { Migrations } from '../../_runtime/migrate.ts'
import { First } from './2026-11-20-first.ts'
import { Administration } from './2026-11-21-administration.ts'
import { OutboxByUser } from './2026-11-21-outbox-by-user.ts'
import { Erasures } from './2026-11-21-erasures.ts'
import { ToldOpenly } from './2026-11-21-told-openly.ts'
import { Links } from './2026-11-21-links.ts'
import { ApiKeys } from './2026-11-21-api-keys.ts'

export const migrations: Migrations = [
  { name: '2026-11-20-first', class: First },
  { name: '2026-11-21-api-keys', class: ApiKeys },
  { name: '2026-11-21-administration', class: Administration },
  { name: '2026-11-21-links', class: Links },
  { name: '2026-11-21-outbox-by-user', class: OutboxByUser },
  { name: '2026-11-21-told-openly', class: ToldOpenly },
  { name: '2026-11-21-erasures', class: Erasures },
]
