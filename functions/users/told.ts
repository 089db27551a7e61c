import type { Deps } from './deps.ts'
import { lockOpenlyTold, writeSealedTold } from './store/told.ts'

const rowsMax = 500

/**
 * Seals what the outbox told of people in the clear before there was a `CONTACT_KEY`; gives how many rows.
 * Their ids stay, so whoever has had one knows it again.
 */
export const sealOldTold = ({ database, contacts }: Deps): Promise<number> =>
  database.transaction(async (tx) => {
    const open = await lockOpenlyTold(tx, rowsMax)
    const sealed = open.map(({ id, aggregateid, type, email, name }) => ({
      id,
      type: type.replace(/\.v1$/, '.v2'),
      contactSealed: email === '' ? null : contacts.seal(aggregateid, { name, email }),
    }))
    if (sealed.length > 0) await writeSealedTold(tx, sealed)
    return sealed.length
  })
