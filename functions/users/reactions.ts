import type { Reactions } from '../_runtime/receive.ts'

/** The CloudEvents that users takes: only the clock. What it knows, it is told over HTTP. */
export const createReactions = (sweep: () => Promise<void>): Reactions => ({
  'dev.knative.sources.ping': sweep,
})
