import * as z from 'zod'
import { ById, Time } from './primitives.ts'
import { route } from './route.ts'
import { Email, Password } from './users.ts'

export const linkPurposes = ['verify-email', 'reset-password', 'change-email'] as const
export const LinkPurpose = z.enum(linkPurposes)
export type LinkPurpose = z.infer<typeof LinkPurpose>

/** What a link carries behind `#token=`: the id of the link and its signature. */
const Token = z.string().max(200)
const Typed = z.string().max(256)

export const requestReset = route({
  method: 'POST',
  path: '/v1/auth/reset-requests',
  owner: 'users',
  summary: 'Have a link mailed that sets a new password; the same answer for every address',
  access: 'anyone',
  data: 'public',
  body: z.strictObject({ email: Email }),
  answers: { 202: null },
  problems: ['too-many-requests'],
})

export const resetPassword = route({
  method: 'POST',
  path: '/v1/auth/reset',
  owner: 'users',
  summary: 'Set a new password with the token of a link, once; every session ends',
  access: 'anyone',
  data: 'secret',
  body: z.strictObject({ token: Token, password: Password }),
  answers: { 204: null },
  problems: ['link-invalid', 'too-many-requests'],
})

export const requestVerification = route({
  method: 'POST',
  path: '/v1/users/me/verification',
  owner: 'users',
  summary: 'Have the link mailed again that proves the e-mail address',
  access: 'signed-in',
  data: 'own',
  answers: { 202: null },
  problems: ['not-found', 'too-many-requests'],
})

export const verifyEmail = route({
  method: 'POST',
  path: '/v1/auth/verify-email',
  owner: 'users',
  summary: 'Prove the e-mail address with the token of a link, once',
  access: 'anyone',
  data: 'secret',
  body: z.strictObject({ token: Token }),
  answers: { 204: null },
  problems: ['link-invalid'],
})

export const changePassword = route({
  method: 'PUT',
  path: '/v1/users/me/password',
  owner: 'users',
  summary: 'Change the password; every other session ends',
  access: 'signed-in',
  data: 'own',
  body: z.strictObject({ currentPassword: Typed, password: Password }),
  answers: { 204: null },
  problems: ['not-found', 'wrong-credentials', 'too-many-requests'],
})

export const changeEmail = route({
  method: 'POST',
  path: '/v1/users/me/email',
  owner: 'users',
  summary: 'Have a link mailed to a new address, which is taken once the link is used',
  access: 'signed-in',
  data: 'own',
  body: z.strictObject({ email: Email, password: Typed }),
  answers: { 202: null },
  problems: ['not-found', 'wrong-credentials', 'too-many-requests'],
})

export const confirmEmail = route({
  method: 'POST',
  path: '/v1/auth/confirm-email',
  owner: 'users',
  summary: 'Take the new e-mail address with the token of a link, once',
  access: 'anyone',
  data: 'secret',
  body: z.strictObject({ token: Token }),
  answers: { 204: null },
  problems: ['link-invalid', 'email-taken'],
})

export const getLink = route({
  method: 'GET',
  path: '/v1/links/:id',
  owner: 'users',
  summary: 'A link with its token, to be mailed',
  access: { functions: ['notifications'] },
  data: 'any',
  params: ById,
  answers: {
    200: z.object({
      purpose: LinkPurpose,
      token: z.string(),
      email: z.string(),
      name: z.string(),
      expiresAt: Time,
    }),
  },
  problems: ['not-found'],
})
