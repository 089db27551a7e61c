import type { Attachment } from 'postal-mime'
import type { Mail, Mails } from './mails.ts'

/** A mail in a list. */
export type Summary = {
  id: string
  receivedAt: string
  from: string
  to: string[]
  subject: string
}

export type Detail = Summary & {
  headers: { name: string; value: string }[]
  text: string | undefined
  html: string | undefined
  attachments: { filename: string | null; mimeType: string; contentId?: string; bytes: number }[]
}

export const summaries = (mails: Mails, list: Mail[]): Promise<Summary[]> =>
  Promise.all(list.map((mail) => summary(mails, mail)))

async function summary(mails: Mails, mail: Mail): Promise<Summary> {
  const { id, receivedAt, from, to } = mail
  const { subject = '' } = await mails.parsed(mail)
  return { id, receivedAt, from, to, subject }
}

export async function detail(mails: Mails, mail: Mail): Promise<Detail> {
  const email = await mails.parsed(mail)
  return {
    ...(await summary(mails, mail)),
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
    text: email.text,
    html: email.html,
    attachments: email.attachments.map(({ filename, mimeType, contentId, content }) => ({
      filename,
      mimeType,
      ...(contentId === undefined ? {} : { contentId }),
      bytes: bytesOf(content).length,
    })),
  }
}

/** The parser gives bytes or a text, as the attachment's kind has it. */
export const bytesOf = (content: Attachment['content']): Uint8Array =>
  typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content)
