/**
 * Every problem the API can answer with: RFC 9457, with `urn:boxoffice:problem:<code>` as its type. A code is
 * stable for ever, one per thing that the caller must do differently; `docs/problems.md` says what that is.
 */
export const problems = {
  'invalid-request': { status: 400, title: 'The request does not match its contract' },
  'idempotency-key-missing': { status: 400, title: 'This request needs an Idempotency-Key' },
  'invalid-event': { status: 400, title: 'This is not a CloudEvent that the function takes' },
  'not-signed-in': { status: 401, title: 'No valid access token' },
  'wrong-credentials': { status: 401, title: 'E-mail address or password is wrong' },
  'api-key-invalid': { status: 401, title: 'The API key is not valid' },
  'session-ended': { status: 401, title: 'The refresh token is no longer valid' },
  'unsigned-event': { status: 401, title: 'The CloudEvent carries no valid signature' },
  'payment-declined': { status: 402, title: 'The payment was declined' },
  'account-banned': { status: 403, title: 'The account is banned' },
  'admission-invalid': { status: 403, title: 'The admission token is not good here' },
  'admission-required': { status: 403, title: 'This event lets people in one after another' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  'scope-missing': { status: 403, title: 'The API key has no scope for this' },
  'not-found': { status: 404, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, title: 'The resource does not take this method' },
  'api-keys-limit': { status: 409, title: 'There are as many API keys as there may be' },
  'buyer-limit': { status: 409, title: 'The buyer would have too many seats of the event' },
  'dead-letter-settled': { status: 409, title: 'The dead letter was replayed or discarded before' },
  'email-taken': { status: 409, title: 'There is already an account with this e-mail address' },
  'event-fixed': { status: 409, title: 'The event is past the point where this can change' },
  'event-not-on-sale': { status: 409, title: 'The event is not on sale' },
  'hold-bound': { status: 409, title: 'The hold belongs to an order' },
  'hold-lost': { status: 409, title: 'The hold is over' },
  'hold-not-extendable': { status: 409, title: 'The hold cannot be extended' },
  'last-admin': { status: 409, title: 'Nobody else is an admin' },
  'not-enough-seats': { status: 409, title: 'There are not enough seats left' },
  'order-fixed': { status: 409, title: 'The order is past the point where this can change' },
  'payment-fixed': { status: 409, title: 'The payment is past the point where this can change' },
  'replay-in-progress': { status: 409, title: 'The dead letter is being replayed' },
  'request-in-progress': { status: 409, title: 'The first request with this key is still running' },
  'seat-taken': { status: 409, title: 'At least one seat is already held or sold' },
  'seats-lost': { status: 409, title: 'The seats were lost while the payment was on its way' },
  'venue-in-use': { status: 409, title: 'The venue has events' },
  'waiting-rooms-full': { status: 409, title: 'As many events are hot as may be' },
  'version-stale': { status: 412, title: 'The resource has changed since it was read' },
  'body-too-large': { status: 413, title: 'The body is larger than this route takes' },
  'media-type-unsupported': { status: 415, title: 'The body must be application/json' },
  'idempotency-key-reused': { status: 422, title: 'The key was used for another request' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something broke on our side' },
  'function-unreachable': { status: 502, title: 'A function did not answer' },
  busy: { status: 503, title: 'Too busy at the moment' },
  'time-limit': {
    status: 504,
    title: 'The request took too long; whether it had an effect is unknown',
  },
} as const

export type ProblemCode = keyof typeof problems

/** What any route can answer besides its own problems. */
export const commonProblems: readonly ProblemCode[] = [
  'invalid-request',
  'not-signed-in',
  'forbidden',
  'scope-missing',
  'body-too-large',
  'media-type-unsupported',
  'internal',
  'function-unreachable',
  'busy',
  'time-limit',
]
