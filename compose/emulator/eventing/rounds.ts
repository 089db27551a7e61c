/** Says when deliveries of one Trigger may begin. */
export type Rounds = {
  /** False between two rounds; `begin` is called when the next one is due. `waiting` events are stored. */
  mayBegin(waiting: number): boolean
}

const roundMs = 250
/** More than this cannot wait for those who buy. */
const waitingMax = 10_000

/**
 * Whoever waits for an answer comes first. While anybody does, deliveries begin a few times a second, all that are
 * due at once: so they also meet in one statement of the function that takes them. Nobody waits: at once.
 */
export function createRounds(isBusy: () => boolean, begin: () => void): Rounds {
  let beganAt = -Infinity
  let next: NodeJS.Timeout | undefined

  return {
    mayBegin(waiting) {
      if (!isBusy() || waiting > waitingMax) return true
      const restMs = beganAt + roundMs - performance.now()
      if (restMs <= 0) {
        beganAt = performance.now()
        return true
      }
      next ??= setTimeout(() => {
        next = undefined
        begin()
      }, restMs).unref()
      return false
    },
  }
}
