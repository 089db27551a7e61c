import type { Migrations } from '../../_runtime/migrate.ts'
import { First } from './2026-11-21-first.ts'

export const migrations: Migrations = [{ name: '2026-11-21-first', class: First }]
