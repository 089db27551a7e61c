import type { IncomingMessage, ServerResponse } from 'node:http'

/** So many requests at once, and buyers stand in each other's way. */
const busyMin = 16
const calmMs = 50

/** Who watches a stream waits for nothing, however long. */
export const isStream = ({ url = '' }: Pick<IncomingMessage, 'url'>): boolean =>
  /\/stream(?:\?|$)/.test(url)

export type Crowd = { enter(outgoing: ServerResponse): void }

/** Tells when it gets busy, and when it has been calm for a moment: not at each request. */
export function createCrowd(tell: (isBusy: boolean) => void): Crowd {
  let count = 0
  let isBusy = false
  let calming: NodeJS.Timeout | undefined

  function change(by: number): void {
    count += by
    if (count >= busyMin) {
      clearTimeout(calming)
      calming = undefined
      if (!isBusy) tell((isBusy = true))
    } else if (isBusy && !calming)
      calming = setTimeout(() => {
        calming = undefined
        tell((isBusy = false))
      }, calmMs)
  }

  return {
    enter(outgoing) {
      change(1)
      outgoing.once('close', () => change(-1))
    },
  }
}
