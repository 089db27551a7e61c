import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { findOpen, forgetPayer, shownKinds } from './store/personal.ts'

/** The money that moved stays in the books; who paid does not. A payment that is not settled keeps its payer. */
export const personalData = ({ database }: Deps): PersonalDataOf => ({
  show: (userId) => readKinds(database, userId, shownKinds),
  open: (userId) => findOpen(database, userId),
  async forget(userId) {
    await forgetPayer(database, userId)
  },
})
