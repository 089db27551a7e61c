// Loaded before a function by `--import`: its wall clock goes wrong by CHAOS_SKEW_MS. Timers and
// performance.now() stay right, as they do on a machine whose clock was set wrongly.
const skewMs = Number(process.env.CHAOS_SKEW_MS ?? 0)
const Right = globalThis.Date

globalThis.Date = class Date extends Right {
  constructor(...args) {
    if (args.length === 0) super(Right.now() + skewMs)
    else super(...args)
  }

  static now() {
    return Right.now() + skewMs
  }
}
