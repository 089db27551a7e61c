import { refuse, type KubernetesObject } from './objects.ts'

/** How a function scales: Knative's annotations, in the units that we count in. */
export type Autoscaling = {
  minScale: number
  maxScale: number
  /** Processes that the first request of a sleeping function starts. */
  activationScale: number
  /** Requests in flight that one process should have: `target` × `target-utilization-percentage`. */
  inFlightPerProcess: number
  windowMs: number
  panicWindowMs: number
  /** Of what the processes can carry, from which the panic window decides. */
  panicThreshold: number
  scaleDownDelayMs: number
  /** How long the last process stays after its window. */
  retentionMs: number
}

const prefix = 'autoscaling.knative.dev/'
/** What 0 and no max-scale mean on a laptop. */
const unlimitedScale = 4
/** Knative's own, for a container that takes any number of requests. */
const defaultTarget = 100

/** Reads the annotations of a Service's template, or refuses what Knative's webhook refuses. */
export function readAutoscaling(
  service: KubernetesObject,
  annotations: Record<string, string>,
  containerConcurrency: number,
): Autoscaling {
  const onService = Object.keys(service.metadata.annotations).find((key) => key.startsWith(prefix))
  if (onService)
    refuse(
      service,
      `${onService} has no effect here and Knative refuses it: put it under spec.template.metadata.annotations`,
    )
  const unknown = Object.keys(annotations).find(
    (key) => key.startsWith(prefix) && !known.has(key.slice(prefix.length)),
  )
  if (unknown) refuse(service, `${unknown} is not an annotation of Knative's autoscaler`)
  const { number, seconds, word } = readers(service, annotations)

  word('class', 'kpa.autoscaling.knative.dev')
  word('metric', 'concurrency')
  number('initial-scale', 1, 0)
  number('target-burst-capacity', 211, -1)
  const target = number('target', containerConcurrency || defaultTarget, 0.01)
  const utilization = number('target-utilization-percentage', 70, 1, 100)
  const minScale = number('min-scale', 0, 0)
  const maxGiven = number('max-scale', 0, 0)
  if (maxGiven > 0 && maxGiven < minScale)
    refuse(service, `max-scale ${maxGiven} is below min-scale ${minScale}`)
  const windowMs = seconds('window', 60, 6, 3600)
  return {
    minScale,
    maxScale: maxGiven === 0 ? Math.max(unlimitedScale, minScale) : maxGiven,
    activationScale: number('activation-scale', 1, 1),
    inFlightPerProcess:
      ((containerConcurrency > 0 ? Math.min(target, containerConcurrency) : target) * utilization) /
      100,
    windowMs,
    panicWindowMs: (windowMs * number('panic-window-percentage', 10, 1, 100)) / 100,
    panicThreshold: number('panic-threshold-percentage', 200, 110, 1000) / 100,
    scaleDownDelayMs: seconds('scale-down-delay', 0, 0, 3600),
    retentionMs: seconds('scale-to-zero-pod-retention-period', 0, 0, 3600),
  }
}

const known = new Set([
  'class',
  'metric',
  'metric-aggregation-algorithm',
  'min-scale',
  'max-scale',
  'initial-scale',
  'activation-scale',
  'target',
  'target-utilization-percentage',
  'target-burst-capacity',
  'window',
  'panic-window-percentage',
  'panic-threshold-percentage',
  'scale-down-delay',
  'scale-to-zero-pod-retention-period',
])

function readers(service: KubernetesObject, annotations: Record<string, string>) {
  const given = (name: string) => {
    const value = annotations[prefix + name]
    if (value !== undefined && typeof value !== 'string')
      refuse(service, `the value of ${prefix}${name} must be quoted: annotations are strings`)
    return value
  }
  return {
    number(name: string, byDefault: number, min: number, max = Infinity): number {
      const text = given(name)
      if (text === undefined) return byDefault
      const value = Number(text)
      if (text.trim() === '' || !(value >= min && value <= max))
        refuse(service, `${prefix}${name} is ${text}; it must be a number from ${min} to ${max}`)
      return value
    },
    seconds(name: string, byDefault: number, min: number, max: number): number {
      const text = given(name)
      if (text === undefined) return byDefault * 1000
      const value = goSeconds(text)
      if (!Number.isInteger(value) || value < min || value > max)
        refuse(
          service,
          `${prefix}${name} is ${text}; it must be whole seconds from ${min}s to ${max}s, such as 60s or 1m`,
        )
      return value * 1000
    },
    word(name: string, only: string): void {
      const text = given(name)
      if (text !== undefined && text !== only)
        refuse(service, `${prefix}${name} is ${text}; the emulator knows only ${only}`)
    },
  }
}

const unitSeconds: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 }

/** A Go duration such as `1m30s`; NaN where it is none. */
export function goSeconds(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(text)) return text === '0' ? 0 : Number.NaN
  let seconds = 0
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g))
    seconds += Number(value) * (unitSeconds[unit as string] as number)
  return seconds
}
