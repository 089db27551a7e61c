import type { Migrations } from '../../_runtime/migrate.ts'
import { First } from './2026-11-20-first.ts'
import { Audit } from './2026-11-21-audit.ts'
import { SeatsPerBuyer } from './2026-11-21-seats-per-buyer.ts'
import { PersonalData } from './2026-11-21-personal-data.ts'

export const migrations: Migrations = [
  { name: '2026-11-20-first', class: First },
  { name: '2026-11-21-seats-per-buyer', class: SeatsPerBuyer },
  { name: '2026-11-21-audit', class: Audit },
  { name: '2026-11-21-personal-data', class: PersonalData },
]
