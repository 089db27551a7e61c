/** What happens to a charge that is paid with a token: always the same, so that a test can count on it. */
export type Behaviour = {
  status: 'succeeded' | 'declined' | 'requires_action'
  declineCode?: string
  /** The money is taken at once; only the answer waits. `Infinity` is an answer that never comes. */
  answerAfterMs: number
}

/** Above what callers wait, so that the news of a charge without an answer comes after they gave up. */
export const lateMs = 8000

const behaviours: Record<string, Behaviour> = {
  tok_ok: { status: 'succeeded', answerAfterMs: 0 },
  tok_declined: { status: 'declined', declineCode: 'card_declined', answerAfterMs: 0 },
  tok_insufficient_funds: {
    status: 'declined',
    declineCode: 'insufficient_funds',
    answerAfterMs: 0,
  },
  tok_3ds: { status: 'requires_action', answerAfterMs: 0 },
  tok_slow: { status: 'succeeded', answerAfterMs: 3000 },
  tok_timeout: { status: 'succeeded', answerAfterMs: Infinity },
}

const unknown: Behaviour = { status: 'declined', declineCode: 'invalid_token', answerAfterMs: 0 }

export const behaviourOf = (token: string): Behaviour =>
  Object.hasOwn(behaviours, token) ? (behaviours[token] as Behaviour) : unknown
