import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { forgetLetters, shownKinds } from './store/personal.ts'

export const personalData = ({ database }: Deps): PersonalDataOf => ({
  show: (userId) => readKinds(database, userId, shownKinds),
  async forget(userId) {
    await forgetLetters(database, userId)
  },
})
