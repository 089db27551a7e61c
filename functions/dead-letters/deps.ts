import type { Runtime } from '../_runtime/runtime.ts'
import type { Config } from './config.ts'
import { createMeasures, type Measures } from './measures.ts'
import { createSender, type Sender } from './sender.ts'
import { createTidying, type Tidying } from './tidying.ts'

/** What the use cases of dead letters work with. */
export type Deps = Runtime & {
  namespace: string
  replayMs: number
  sender: Sender
  tidying: Tidying
  measures: Measures
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  const measures = createMeasures(runtime)
  return {
    ...runtime,
    namespace: config.NAMESPACE,
    replayMs: config.REPLAY_SECONDS * 1000,
    sender: createSender({
      namespace: config.NAMESPACE,
      ingressAddress: config.INGRESS_ADDRESS,
      addresses: config.FUNCTION_ADDRESSES,
      brokerUrl: config.BROKER_URL,
    }),
    tidying: createTidying(runtime, {
      keptMax: config.KEPT_MAX,
      keptDays: config.KEPT_DAYS,
      dropped: measures.dropped,
    }),
    measures,
  }
}
