import type { Migrations } from '../../_runtime/migrate.ts'
import { Audit } from './2026-11-21-audit.ts'
import { First } from './2026-11-21-first.ts'

export const migrations: Migrations = [
  { name: '2026-11-21-first', class: First },
  { name: '2026-11-21-audit', class: Audit },
]
