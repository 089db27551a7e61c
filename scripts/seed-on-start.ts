import { importFolder } from '../seed/import.ts'
import type { Stack } from './stack.ts'

type Seed = {
  folder: string
  shiftDates: boolean
  reportsTo: string
  say: (line: string) => void
}

/** Loads a data set into the functions' databases; a start that was cut off goes on with it the next time. */
export async function loadSeed({ databaseUrl, secrets }: Stack, seed: Seed): Promise<void> {
  const { usersKey: users, notificationsKey: notifications } = secrets
  await importFolder({ ...seed, databaseUrl, keys: { users, notifications } })
}
