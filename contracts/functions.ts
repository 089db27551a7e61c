/** The deployed functions; a name is also its Knative Service, its database, its role and its schema. */
export const functionNames = [
  'users',
  'catalog',
  'seating',
  'orders',
  'payments',
  'tickets',
  'notifications',
  'waiting-room',
  'dead-letters',
  'gateway',
] as const

export type FunctionName = (typeof functionNames)[number]

/** The functions that own a database: all but the gateway. */
export const databaseOwners = functionNames.filter((name) => name !== 'gateway')
