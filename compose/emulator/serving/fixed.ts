import type { Backend } from './backend.ts'
import { createUpstream } from './upstream.ts'

/** A process that somebody else runs: a sidecar, a subscriber's URL, or a function that is only attached to. */
export function createFixed(
  name: string,
  { host, port, timeoutMs }: { host: string; port: number; timeoutMs: number },
): Backend & { inFlight(): number; close(): void } {
  const upstream = createUpstream(host, port)
  const place = { inFlight: 0, upstream }
  return {
    name,
    timeoutMs,
    inFlight: () => place.inFlight,
    take() {
      place.inFlight++
      return place
    },
    // Only reached after a refusal: nothing starts it for us.
    wait: (waiting) =>
      waiting.fail('function-unreachable', `Nothing listens at ${host}:${port} (${name})`),
    release: () => void place.inFlight--,
    refused: () => {},
    // Shorter than the 5 s for which Node's own servers keep a connection.
    tidy: () => upstream.endIdle(2000),
    close: () => upstream.close(),
  }
}
