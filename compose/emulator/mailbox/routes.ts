import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Mail, Mails } from './mails.ts'
import { listPage, mailPage, withImages } from './pages.ts'
import { bytesOf, detail, summaries } from './views.ts'

type Answer = { status?: number; headers?: Record<string, string>; body: string | Uint8Array }

const html = 'text/html; charset=utf-8'
/** Pages of ours: no script at all, and nothing from anywhere else. */
const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
/** A mail's own HTML: as a document without an origin, which may style itself and show the images it brought. */
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

/** The pages of the mailbox, and the same as JSON for tests. */
export async function answerMailbox(
  mails: Mails,
  { method, url = '/' }: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const answer = await (
    method === 'GET' || method === 'HEAD'
      ? route(mails, new URL(url, 'http://mail.localhost'))
      : text(405, 'Only GET is known here')
  ).catch((err: Error) => text(500, `The mail cannot be read: ${err.message}`))
  outgoing.writeHead(answer.status ?? 200, {
    'content-security-policy': pagePolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(answer.body)),
    ...answer.headers,
  })
  outgoing.end(method === 'HEAD' ? undefined : answer.body)
}

async function route(mails: Mails, url: URL): Promise<Answer> {
  const [first = '', id = '', part = '', number = '', ...more] = url.pathname.split('/').slice(1)
  if (url.pathname === '/') return page(listPage(await summaries(mails, mails.list())))
  if (first !== 'messages' || more.length > 0) return text(404, 'There is no such page')
  if (id === '') {
    const to = url.searchParams.get('to') ?? undefined
    return json({ items: await summaries(mails, mails.list(to)) })
  }
  const mail = mails.find(id)
  if (!mail) return text(404, 'There is no such mail')
  if (part === '' && number === '') return json(await detail(mails, mail))
  if (part === 'view') return page(mailPage(await detail(mails, mail)))
  if (part === 'html') return mailHtml(mails, mail)
  if (part === 'attachments') return attachment(mails, mail, number)
  return text(404, 'There is no such page')
}

const text = async (status: number, body: string): Promise<Answer> => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
})

const page = (body: string): Answer => ({ headers: { 'content-type': html }, body })

const json = (value: unknown): Answer => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

async function mailHtml(mails: Mails, mail: Mail): Promise<Answer> {
  const email = await mails.parsed(mail)
  if (email.html === undefined) return text(404, 'The mail has no HTML')
  return {
    headers: { 'content-type': html, 'content-security-policy': mailPolicy },
    body: withImages(
      email.html,
      email.attachments.flatMap(({ contentId, mimeType, content }) =>
        contentId === undefined ? [] : [{ contentId, mimeType, bytes: bytesOf(content) }],
      ),
    ),
  }
}

/** Shown in place only where a browser can do no more than draw it. */
const drawn = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

async function attachment(mails: Mails, mail: Mail, number: string): Promise<Answer> {
  const found = (await mails.parsed(mail)).attachments[Number(number || Number.NaN)]
  if (!found) return text(404, 'There is no such attachment')
  const { filename, mimeType, content } = found
  const isDrawn = drawn.has(mimeType)
  const name = encodeURIComponent(filename ?? 'attachment')
  return {
    headers: {
      'content-type': isDrawn ? mimeType : 'application/octet-stream',
      'content-disposition': `${isDrawn ? 'inline' : 'attachment'}; filename*=UTF-8''${name}`,
      'content-security-policy': mailPolicy,
    },
    body: bytesOf(content),
  }
}
