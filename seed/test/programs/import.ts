import { importFolder } from '../../import.ts'
import type { Owner } from '../../owners.ts'

/** Imports in a process of its own, which a failpoint may end. */
const { urls, now, ...options } = JSON.parse(process.argv[2] ?? '') as {
  urls: Record<Owner, string>
  keys: { users: string; notifications: string }
  folder: string
  reportsTo: string
  shiftDates: boolean
  now: string
}
await importFolder({
  ...options,
  databaseUrl: (name) => urls[name],
  say() {},
  now: () => new Date(now),
})
