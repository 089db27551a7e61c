const stops: (() => unknown)[] = []

/** Has `stop` run at the end of the bench, however that comes; the last one first. */
export function atEnd(stop: () => unknown): void {
  stops.push(stop)
}

/** Stops everything that was started. What cannot be stopped does not keep the rest from it. */
export async function endAll(): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) {
    try {
      await stop()
    } catch (err) {
      console.error(err)
    }
  }
}

/** Runs `work`, and stops what it started: also at Ctrl-C, and when it took longer than `minutesMax`. */
export async function bounded<Result>(
  minutesMax: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const leave = (why: string, code: number) => {
    console.error(`${why}: ending what was started`)
    void endAll().finally(() => process.exit(code))
  }
  const onSignal = () => leave('interrupted', 130)
  const timer = setTimeout(() => leave(`not done after ${minutesMax} min`, 1), minutesMax * 60_000)
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
    await endAll()
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}
