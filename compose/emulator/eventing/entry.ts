import type { DeliveryError } from './attempt.ts'
import type { Stored } from './store.ts'

/** An event that a Trigger has to deliver, and how far that is. */
export type Entry = Stored & {
  /** Tries at the present address. */
  tries: number
  /** Set once it goes to the dead letter sink. */
  failure: Failure | undefined
  isDeadLetter: boolean
}

/** The last failure at the subscriber; without an error where Knative would tell nothing of it. */
export type Failure = { url: string; error: DeliveryError | undefined }

/** What is to be done with an entry after a try. */
export type Step =
  | { next: 'done' }
  | { next: 'again'; waitMs: number }
  | { next: 'give up'; reason: string }
