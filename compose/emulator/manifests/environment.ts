import { refuse, type KubernetesObject } from './objects.ts'

/** What stands in for the cluster's ConfigMaps and Secrets: name → key → value. */
export type Values = {
  configMaps: Record<string, Record<string, string>>
  secrets: Record<string, Record<string, string>>
}

type Reference = { name?: string; key?: string; optional?: boolean }

type Container = {
  env?: {
    name: string
    value?: unknown
    valueFrom?: { configMapKeyRef?: Reference; secretKeyRef?: Reference }
  }[]
  envFrom?: { prefix?: string; configMapRef?: Reference; secretRef?: Reference }[]
}

/** The environment of a function's container, each reference resolved; `env` wins over `envFrom`, as in a pod. */
export function readEnvironment(
  service: KubernetesObject,
  container: Container,
  values: Values,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const found = configMapRef
      ? mapOf(service, 'ConfigMap', configMapRef, values.configMaps)
      : mapOf(service, 'Secret', secretRef ?? {}, values.secrets)
    for (const [key, value] of Object.entries(found)) environment[prefix + key] = value
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (value !== undefined && typeof value !== 'string')
      refuse(service, `env ${name} must be quoted: its value is a text`)
    const resolved = valueFrom ? valueOf(service, name, valueFrom, values) : (value ?? '')
    if (resolved !== undefined) environment[name] = resolved
  }
  return environment
}

function mapOf(
  service: KubernetesObject,
  kind: string,
  { name = '', optional }: Reference,
  maps: Record<string, Record<string, string>>,
): Record<string, string> {
  const found = maps[name]
  if (!found && !optional)
    refuse(service, `envFrom names the ${kind} ${name}, which nobody provides: ${advice(kind)}`)
  return found ?? {}
}

function valueOf(
  service: KubernetesObject,
  variable: string,
  { configMapKeyRef, secretKeyRef }: { configMapKeyRef?: Reference; secretKeyRef?: Reference },
  values: Values,
): string | undefined {
  const reference = configMapKeyRef ?? secretKeyRef
  if (!reference)
    refuse(service, `env ${variable}: the emulator knows only configMapKeyRef and secretKeyRef`)
  const kind = configMapKeyRef ? 'ConfigMap' : 'Secret'
  const { name = '', key = '', optional } = reference
  const found = (configMapKeyRef ? values.configMaps : values.secrets)[name]?.[key]
  if (found === undefined && !optional)
    refuse(
      service,
      `env ${variable} needs the key ${key} of the ${kind} ${name}, which nobody provides: ${advice(kind)}`,
    )
  return found
}

const advice = (kind: string) =>
  kind === 'Secret'
    ? 'give it to the emulator in values.secrets'
    : 'list the ConfigMap in kustomization.yaml, or give it in values.configMaps'
