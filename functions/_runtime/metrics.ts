import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What every function counts; its own counters register beside these. Labels are bounded: patterns, never paths. */
export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics(name: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ function: name })
  let collecting = false
  return {
    registry,
    httpSeconds: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time to answer a request',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    callsFailed: new Counter({
      name: 'calls_failed_total',
      help: 'Calls to other functions that brought no answer',
      labelNames: ['callee', 'reason'],
      registers: [registry],
    }),
    eventsReceived: new Counter({
      name: 'cloudevents_received_total',
      help: 'CloudEvents by type and what became of them',
      labelNames: ['type', 'outcome'],
      registers: [registry],
    }),
    eventsPublished: new Counter({
      name: 'cloudevents_published_total',
      help: 'CloudEvents handed to the Broker',
      labelNames: ['type', 'outcome'],
      registers: [registry],
    }),
    sweptTotal: new Counter({
      name: 'swept_total',
      help: 'Rows that a sweep finished',
      labelNames: ['sweep'],
      registers: [registry],
    }),
    redisUnavailable: new Counter({
      name: 'redis_unavailable_total',
      help: 'Times that work went on without Redis',
      registers: [registry],
    }),
    counter: <Label extends string>(counterName: string, help: string, labelNames: Label[]) =>
      new Counter({ name: counterName, help, labelNames, registers: [registry] }),
    gauge: (gaugeName: string, help: string) =>
      new Gauge({ name: gaugeName, help, registers: [registry] }),
    /** The process's own figures join at the first scrape: nobody pays for them on a cold start. */
    async text(): Promise<string> {
      if (!collecting) collectDefaultMetrics({ register: registry })
      collecting = true
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
