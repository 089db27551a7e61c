import type { Migrations } from '../../_runtime/migrate.ts'
import { First } from './2026-11-20-first.ts'
import { Buyers } from './2026-11-21-buyers.ts'
import { PersonalData } from './2026-11-21-personal-data.ts'
import { LighterWrites } from './2026-12-01-lighter-writes.ts'

export const migrations: Migrations = [
  { name: '2026-11-20-first', class: First },
  { name: '2026-11-21-buyers', class: Buyers },
  { name: '2026-11-21-personal-data', class: PersonalData },
  { name: '2026-12-01-lighter-writes', class: LighterWrites },
]
