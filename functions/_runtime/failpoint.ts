import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FunctionName } from '../../contracts/functions.ts'

/** What the runtime passes in every function that owns a database. */
const common = [
  'event.before-reaction',
  'event.before-answer',
  'transaction.begun',
  'transaction.before-commit',
  'transaction.committed',
  'outbox.before-publish',
  'outbox.published',
] as const

/** Every place where a function's process can be made to end: docs/chaos.md says what each is for. */
export const failpoints = {
  users: common,
  catalog: common,
  seating: [
    ...common,
    'seating.before-hold',
    'seating.held',
    'seating.before-allocate',
    'seating.allocated',
    'seating.before-release',
    'seating.released',
    'seating.before-take-back',
    'seating.taken-back',
  ],
  orders: [
    ...common,
    'orders.before-place',
    'orders.placed',
    'orders.before-reserve',
    'orders.after-reserve',
    'orders.before-charge',
    'orders.after-charge',
    'orders.before-find',
    'orders.after-find',
    'orders.before-allocate',
    'orders.after-allocate',
    'orders.before-void',
    'orders.after-void',
    'orders.before-store',
    'orders.stored',
    'orders.before-refund',
    'orders.refund-begun',
    'orders.refund-asked',
    'orders.refund-done',
  ],
  payments: [
    ...common,
    'payments.before-charge',
    'payments.charged',
    'payments.recorded',
    'payments.before-refund',
    'payments.refunded',
    'payments.refund-recorded',
    'payments.void-begun',
    'payments.voided',
    'payments.before-news',
    'payments.news-taken',
  ],
  tickets: [...common, 'tickets.before-issue', 'tickets.issued'],
  notifications: [...common, 'notifications.before-send', 'notifications.sent'],
  'waiting-room': common,
  'dead-letters': common,
  gateway: [],
} as const satisfies Record<FunctionName, readonly string[]>

export type Failpoint =
  | (typeof failpoints)[keyof typeof failpoints][number]
  // an import's, one a table
  | `seed.${string}`

/**
 * Places where tests end the process as a crash would: `FAILPOINTS=payments.charged` kills it when it gets
 * there, with the signal that leaves no time to tidy up; with `FAILPOINTS_ONCE`, a folder, only the first time
 * that any process does. Without the setting this costs one look.
 */
const { FAILPOINTS = '', FAILPOINTS_ONCE: marks } = process.env
const armed = new Set(FAILPOINTS.split(',').filter(Boolean))

export function failpoint(name: Failpoint): void {
  if (armed.size === 0 || !armed.has(name)) return
  if (marks) {
    const mark = join(marks, name)
    if (existsSync(mark)) return
    writeFileSync(mark, '')
  }
  process.kill(process.pid, 'SIGKILL')
}
