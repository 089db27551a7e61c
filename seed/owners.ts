import { databaseOwners } from '../contracts/functions.ts'
import { createDatabase, type Database } from '../functions/_runtime/database.ts'
import { createSeal, type Seal } from '../functions/_runtime/seal.ts'

/** What seals personal data in the databases of two functions: their `KEY_SECRET`. */
export type Keys = { users: string; notifications: string }

export type Installation = {
  /** How the function of that name reaches its own database. */
  databaseUrl: (name: Owner) => string
  keys: Keys
}

export type Owner = (typeof databaseOwners)[number]

/** The databases of all functions, each as its owner sees it, and the seals of two. */
export type Owners = {
  databases: Record<Owner, Database>
  seals: { users: Seal; notifications: Seal }
  close(): Promise<void>
}

const connections = 4
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export function openOwners({ databaseUrl, keys }: Installation): Owners {
  const open = (name: Owner) =>
    createDatabase({
      url: databaseUrl(name),
      connections,
      prepared: false,
      entities: async () => [],
      log: silent,
    })
  const databases = Object.fromEntries(databaseOwners.map((name) => [name, open(name)])) as Record<
    Owner,
    Database
  >
  return {
    databases,
    seals: { users: createSeal(keys.users), notifications: createSeal(keys.notifications) },
    async close() {
      await Promise.all(Object.values(databases).map((database) => database.close()))
    },
  }
}
