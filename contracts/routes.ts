import * as accountLinks from './account-links.ts'
import * as apiKeys from './api-keys.ts'
import * as audit from './audit.ts'
import * as catalog from './catalog.ts'
import * as deadLetters from './dead-letters.ts'
import * as notifications from './notifications.ts'
import * as orders from './orders.ts'
import * as payments from './payments.ts'
import * as personalData from './personal-data.ts'
import type { Route } from './route.ts'
import * as seating from './seating.ts'
import * as tickets from './tickets.ts'
import * as userAdmin from './user-admin.ts'
import * as users from './users.ts'
import * as waitingRoom from './waiting-room.ts'

const isRoute = (value: unknown): value is Route =>
  typeof value === 'object' && value !== null && 'path' in value && 'access' in value

const within = (group: string, named: Record<string, Route>) =>
  Object.fromEntries(Object.entries(named).map(([name, one]) => [`${group}.${name}`, one]))

/** Every route of every function, with the name that its contract exports it under. */
export const routes: { name: string; route: Route }[] = [
  users,
  accountLinks,
  apiKeys,
  userAdmin,
  audit,
  catalog,
  seating,
  orders,
  payments,
  tickets,
  notifications,
  waitingRoom,
  deadLetters,
  within('shown', personalData.shown),
  within('forgotten', personalData.forgotten),
].flatMap((contract) =>
  Object.entries(contract).flatMap(([name, route]) => (isRoute(route) ? [{ name, route }] : [])),
)

/** True for what only other functions may call: the gateway does not know it. */
export const isInside = (route: Route): boolean =>
  typeof route.access === 'object' && 'functions' in route.access
