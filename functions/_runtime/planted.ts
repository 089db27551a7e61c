/** Bugs that tests plant, one at a time, to see that a check goes red: docs/reliability.md names which. */
export type PlantedBug =
  | 'acknowledge-before-commit'
  | 'allocations-without-index'
  | 'expiry-by-process-clock'
  | 'inbox-left-out'
  | 'publish-before-commit'
  | 'random-provider-key'
  | 'redis-decides'
  | 'refund-error-swallowed'

const planted = process.env.PLANTED_BUG

/**
 * Only a process that runs the sources can be given a bug, by `PLANTED_BUG`: a bundle has the name of none in
 * place of the setting (scripts/bundles.ts), so nothing that sells seats reads it.
 */
export const isPlanted = (bug: PlantedBug): boolean => planted === bug
