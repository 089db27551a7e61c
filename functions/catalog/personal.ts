import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { findOpen, forgetOrganizer, shownKinds } from './store/personal.ts'

/** Venues and past events stay without their organizer; admins look after them. */
export const personalData = ({ database }: Deps): PersonalDataOf => ({
  show: (userId) => readKinds(database, userId, shownKinds),
  open: (userId) => findOpen(database, userId),
  async forget(userId) {
    await forgetOrganizer(database, userId)
  },
})
