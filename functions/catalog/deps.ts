import type { Runtime } from '../_runtime/runtime.ts'

/** What the use cases of catalog work with: the runtime is enough. */
export type Deps = Runtime
