import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { findOpen, forgetBuyer, shownKinds } from './store/personal.ts'

const holdsAtOnce = 500

/** Holds stay as what happened to seats; whose they were does not. A live one ends by itself within the hour. */
export const personalData = ({ database }: Pick<Deps, 'database'>): PersonalDataOf => ({
  show: (userId) => readKinds(database, userId, shownKinds),
  open: (userId) => findOpen(database, userId),
  async forget(userId) {
    while ((await forgetBuyer(database, userId, holdsAtOnce)) === holdsAtOnce);
  },
})
