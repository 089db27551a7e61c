import { databaseOwners, functionNames } from '../../contracts/functions.ts'
import { openEdge, type Edge } from './proxy.ts'
import type { Random } from './random.ts'
import { createPostgresWrites, isAny, isHttpWrite, type IsWrite } from './writes.ts'

/** Where everything is behind its edges; asked at each connection, for a server that starts anew may move. */
export type Ports = Record<
  'postgres' | 'redis' | 'broker' | 'ingress' | 'bank' | 'webhooks',
  () => number
>

export type Edges = {
  /** By `<from>><to>`, such as `orders>postgres`. */
  all: Map<string, Edge>
  port(name: string): number
  close(): Promise<void>
}

/** One edge for each function and each thing that it talks to, so that one can be cut and the others not. */
export async function openEdges(random: Random, ports: Ports): Promise<Edges> {
  const all = new Map<string, Edge>()
  const open = async (name: string, target: () => number, isWrite: IsWrite) => {
    all.set(name, await openEdge({ name, target, isWrite, random: random.fork(name) }))
  }
  for (const name of functionNames) {
    await open(`${name}>ingress`, ports.ingress, isHttpWrite)
    await open(`${name}>broker`, ports.broker, isHttpWrite)
    await open(`${name}>redis`, ports.redis, isAny)
  }
  for (const name of databaseOwners)
    await open(`${name}>postgres`, ports.postgres, createPostgresWrites())
  await open('payments>bank', ports.bank, isHttpWrite)
  await open('bank>webhooks', ports.webhooks, isHttpWrite)
  await open('people>gateway', ports.ingress, isHttpWrite)
  // The harness's own way in is never spoilt.
  await open('harness>postgres', ports.postgres, () => false)
  await open('harness>redis', ports.redis, () => false)
  return {
    all,
    port: (name) => (all.get(name) as Edge).port,
    close: async () => void (await Promise.all([...all.values()].map((edge) => edge.close()))),
  }
}

/** Those that may be spoilt. */
export const faultyEdges: readonly string[] = [
  ...functionNames.flatMap((name) => [`${name}>ingress`, `${name}>broker`, `${name}>redis`]),
  ...databaseOwners.map((name) => `${name}>postgres`),
  'payments>bank',
  'bank>webhooks',
  'people>gateway',
]
