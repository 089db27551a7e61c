import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A service of compose.yaml, its anchors and merges resolved and its variables as they are written. */
export type Service = Record<string, unknown> & {
  image: string
  restart: string
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  /** Only started where somebody asks for one of them. */
  profiles?: string[]
  ports?: string[]
}

export const composeFile = 'compose/compose.yaml'

export function readServices(): Record<string, Service> {
  const { services } = parse(readFileSync(composeFile, 'utf8'), {
    merge: true,
    // Ours: a few anchors, many times.
    maxAliasCount: -1,
  }) as { services: Record<string, Service> }
  return services
}

/** It does its work and ends. */
export const isOnce = ({ restart }: Service): boolean => restart === 'no'

/** The functions that migrate a database of their own. */
export const ownersOf = (): string[] =>
  Object.keys(readServices()).flatMap((name) =>
    name.endsWith('-migrate') ? [name.slice(0, -'-migrate'.length)] : [],
  )
