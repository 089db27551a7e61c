import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import { forgetUser, openContact } from './contacts.ts'
import type { Deps } from './deps.ts'
import { findContact, shownMessages } from './store/personal.ts'

/** What every version of a contact is older than: no late news brings the person back. */
const lastVersion = 2 ** 31 - 1

export const personalData = (deps: Deps): PersonalDataOf => ({
  async show(userId) {
    const [kinds, sealed] = await Promise.all([
      readKinds(deps.database, userId, { messages: shownMessages }),
      findContact(deps.database, userId),
    ])
    const contact = sealed && openContact(deps.seal, userId, sealed)
    return { ...kinds, contact: contact ? [contact] : [] }
  },
  forget: (userId) => forgetUser(deps, { userId, version: lastVersion }),
})
