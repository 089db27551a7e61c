import { getLink, linkPurposes, type LinkPurpose } from '../../contracts/account-links.ts'
import { Email } from '../../contracts/users.ts'
import { html } from 'hono/html'
import type { Calls } from '../_runtime/calls.ts'
import { Problem } from '../_runtime/problem.ts'
import type { AccountKind } from './drafts.ts'
import type { Mail } from './mailer.ts'
import { page } from './page.ts'
import { momentOf, oneLine } from './words.ts'

export const subjects: Record<AccountKind, string> = {
  'verify-email': 'Confirm your e-mail address',
  'reset-password': 'Set a new password',
  'change-email': 'Confirm your new e-mail address',
  'account-banned': 'Your account is blocked',
}

export const isLink = (kind: string): kind is LinkPurpose =>
  linkPurposes.some((purpose) => purpose === kind)

/**
 * The mail with a link. Its token is nowhere here: users is asked for it each time that the mail is written,
 * and for the address too, which may be one that is not the user's yet.
 */
export async function linkMail(
  { calls, publicUrl }: { calls: Calls; publicUrl: string },
  { id, subject }: { id: string; subject: string },
): Promise<Mail | 'address-invalid' | 'link-over'> {
  const link = await readLink(calls, id)
  if (!link) return 'link-over'
  const address = Email.safeParse(link.email)
  if (!address.success) return 'address-invalid'
  const name = oneLine(link.name, 120)
  // Behind the #, so that neither logs nor other sites see it, and what only looks at links uses none up.
  const href = `${publicUrl}/account/${link.purpose}#token=${link.token}`
  const [wish, otherwise] = sentences[link.purpose]
  const until = `It works once, until ${momentOf(link.expiresAt)}.`
  const body = html`<p>Hello ${name},</p>
    <p>${wish}</p>
    <p><a href="${href}">${subject}</a></p>
    <p>${until} ${otherwise}</p>`
  return {
    id,
    to: { name, address: address.data },
    subject,
    text: `Hello ${name},\n\n${wish}\n\n${href}\n\n${until} ${otherwise}\n`,
    html: String(await page(subject, body)),
    pictures: [],
  }
}

async function readLink(calls: Calls, id: string) {
  try {
    return (await calls(getLink, { params: { id } })).body
  } catch (err) {
    if (err instanceof Problem && err.code === 'not-found') return undefined
    throw err
  }
}

const sentences: Record<LinkPurpose, [string, string]> = {
  'verify-email': [
    'please open this link to confirm that this is your e-mail address:',
    'If you did not open an account with us, ignore this mail.',
  ],
  'reset-password': [
    'with this link you set a new password for your account:',
    'If you did not ask for it, ignore this mail: your password stays as it is.',
  ],
  'change-email': [
    'please open this link to use this e-mail address for your account from now on:',
    'If you did not ask for it, ignore this mail: nothing changes.',
  ],
}

/** Says that the account is blocked, and not why: the reason is an admin's note. */
export async function bannedLetter({ name, subject }: { name: string; subject: string }) {
  const lines = [
    `Hello ${name},`,
    'your account was blocked: you cannot log in any more. Tickets that you have stay valid.',
    'Write to us if you think that this is wrong.',
  ]
  const body = html`${lines.map((line) => html`<p>${line}</p>`)}`
  return { text: `${lines.join('\n\n')}\n`, html: String(await page(subject, body)) }
}
