import { newId } from '../../../functions/_runtime/ids.ts'

/** Something that a request can name, with what else a request about it has to say. */
export type Thing = { id: string; ownerId?: string | undefined; more: Record<string, string> }

/** As if it were somebody's: an id that nobody has, and a secret that opens nothing. */
export const unknownThing = (): Thing => ({
  id: newId(),
  more: {
    orderId: newId(),
    totalMinor: '100',
    email: `${newId()}@example.org`,
    token: `${newId()}.${'x'.repeat(43)}`,
    cookie: `boxoffice_refresh=${'x'.repeat(43)}`,
    apiKey: `bx_${newId()}_${'x'.repeat(43)}`,
    key: 'a key that nobody shares with a bank',
  },
})

const no = 'not-an-id'
/** What is no id and no secret at all. */
export const malformedThing: Thing = {
  id: no,
  more: {
    orderId: no,
    email: no,
    token: no,
    cookie: `boxoffice_refresh=${no}`,
    apiKey: no,
    key: no,
  },
}
