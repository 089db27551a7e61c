import type { Detail, Summary } from './views.ts'

/** Text of a mail is a stranger's: nothing of it reaches a page unescaped. */
const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
  iframe { width: 100%; height: 36rem; border: 1px solid #ddd }
  pre { white-space: pre-wrap; background: #f6f6f6; padding: 1rem }
  a { color: #0550ae }`

const layout = (title: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>${style}</style></head><body>${body}</body></html>\n`

export function listPage(mails: Summary[]): string {
  const rows = mails.map(
    ({ id, receivedAt, from, to, subject }) =>
      `<tr><td><time>${escape(timeOf(receivedAt))}</time></td><td>${escape(from)}</td>` +
      `<td>${escape(to.join(', '))}</td>` +
      `<td><a href="/messages/${id}/view">${escape(subject || '(no subject)')}</a></td></tr>`,
  )
  const table = `<table><thead><tr><th>Time (UTC)</th><th>From</th><th>To</th><th>Subject</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`
  const note =
    '<p>No mail yet. Every mail that this machine sends lands here and goes no further.</p>'
  return layout('Mailbox', `<h1>Mailbox</h1>${mails.length > 0 ? table : note}`)
}

export function mailPage({ id, from, to, subject, receivedAt, text, html, attachments }: Detail) {
  const files = attachments.map(
    ({ filename, mimeType, bytes }, number) =>
      `<li><a href="/messages/${id}/attachments/${number}">${escape(filename ?? mimeType)}</a> ${bytes} bytes</li>`,
  )
  const frame = `<iframe sandbox src="/messages/${id}/html" title="The mail's HTML"></iframe>`
  return layout(
    subject,
    `<p><a href="/">Mailbox</a></p><h1>${escape(subject || '(no subject)')}</h1>
<p>From ${escape(from)} to ${escape(to.join(', '))}, ${escape(timeOf(receivedAt))}</p>
${html === undefined ? '' : frame}${text === undefined ? '' : `<h2>Text</h2><pre>${escape(text)}</pre>`}
${files.length > 0 ? `<h2>Attachments</h2><ul>${files.join('')}</ul>` : ''}`,
  )
}

const timeOf = (iso: string) => iso.slice(0, 19).replace('T', ' ')

type Image = { contentId: string; mimeType: string; bytes: Uint8Array }

/** Puts the images that the mail brought along in place of its `cid:` links. */
export function withImages(html: string, images: Image[]): string {
  const urls = new Map(
    images
      .filter(({ mimeType }) => /^image\/[\w.+-]+$/.test(mimeType))
      .map(({ contentId, mimeType, bytes }) => [
        contentId.replaceAll(/^<|>$/g, ''),
        `data:${mimeType};base64,${Buffer.from(bytes).toString('base64')}`,
      ]),
  )
  return html.replaceAll(/cid:([^"'\s)>]+)/gi, (link, id: string) => urls.get(decode(id)) ?? link)
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
