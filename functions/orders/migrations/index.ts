import type { Migrations } from '../../_runtime/migrate.ts'
import { Audit } from './2026-11-21-audit.ts'
import { First } from './2026-11-20-first.ts'
import { CancelledEvents } from './2026-11-21-cancelled-events.ts'
import { RefundProgress } from './2026-11-21-refund-progress.ts'
import { PersonalData } from './2026-11-21-personal-data.ts'
import { LighterWrites } from './2026-12-01-lighter-writes.ts'

export const migrations: Migrations = [
  { name: '2026-11-20-first', class: First },
  { name: '2026-11-21-refund-progress', class: RefundProgress },
  { name: '2026-11-21-cancelled-events', class: CancelledEvents },
  { name: '2026-11-21-personal-data', class: PersonalData },
  { name: '2026-11-21-audit', class: Audit },
  { name: '2026-12-01-lighter-writes', class: LighterWrites },
]
