import type { events } from '../../contracts/events.ts'

let loading: Promise<typeof events> | undefined

/** The contracts of all CloudEvents. Loaded with the first one: who wakes a function mostly asks for something else. */
export const eventContracts = (): Promise<typeof events> =>
  (loading ??= import('../../contracts/events.ts').then((contracts) => contracts.events))
