import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { findOpen, forgetOrders, forgetOrganizer, shownKinds } from './store/personal.ts'

const ordersAtOnce = 500

/**
 * Orders and what was paid for them stay, as tax law wants it; who bought does not. An order that is not over
 * keeps its buyer: he is owed seats or money.
 */
export const personalData = ({ database }: Deps): PersonalDataOf => ({
  show: (userId) => readKinds(database, userId, shownKinds),
  open: (userId) => findOpen(database, userId),
  async forget(userId) {
    while ((await forgetOrders(database, userId, ordersAtOnce)) === ordersAtOnce);
    await forgetOrganizer(database, userId)
  },
})
