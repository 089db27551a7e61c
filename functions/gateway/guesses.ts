import type { Deps } from './deps.ts'
import { limitClassOf } from './limits.ts'
import type { Passage } from './passage.ts'
import type { PublicRoute } from './routes.ts'

const logIn = '/v1/auth/login'

/**
 * Limits how often an account is tried, from one address and from all. The account is the e-mail address in the
 * body, read as `users` reads it. A log-in that succeeds starts the count anew, so that nobody who knows
 * his password is kept out by it.
 */
export async function guardAccount(
  deps: Deps,
  passage: Passage,
  route: PublicRoute,
): Promise<void> {
  if (limitClassOf(route) !== 'credentials') return
  const account = accountIn(passage.body)
  if (account === undefined) return
  const forget = await deps.gate.passGuess(passage, account)
  if (route.path !== logIn) return
  passage.outgoing.once('finish', () => {
    if (passage.outgoing.statusCode === 200) forget()
  })
}

function accountIn(body: Buffer | undefined): string | undefined {
  try {
    const { email } = JSON.parse(body?.toString() ?? '') as { email?: unknown }
    return typeof email === 'string' ? email.trim().toLowerCase() : undefined
  } catch {
    // No JSON: `users` refuses it, and nothing was tried.
    return undefined
  }
}
