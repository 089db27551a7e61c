import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { forgetHolder, shownKinds } from './store/personal.ts'

const ticketsAtOnce = 500

/** Tickets stay and stay valid: whoever has the code gets in. Whose they are is forgotten. */
export const personalData = ({ database }: Deps): PersonalDataOf => ({
  show: (userId) => readKinds(database, userId, shownKinds),
  async forget(userId) {
    while ((await forgetHolder(database, userId, ticketsAtOnce)) === ticketsAtOnce);
  },
})
