import { createTransport } from 'nodemailer'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { startMailbox, type Mailbox } from '../mailbox.ts'
import { ask } from './support.ts'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe('the mailbox', (it) => {
  let mailbox: Mailbox
  it.before(async () => {
    mailbox = await startMailbox({ say: () => {} })
  })
  it.after(() => mailbox.stop())

  const look = (path: string) => ask(`http://127.0.0.1:${mailbox.port}`, 'mail.localhost', path)
  const send = (more: object) =>
    createTransport(mailbox.smtpUrl).sendMail({
      from: 'Boxoffice <tickets@boxoffice.example>',
      to: 'asha@example.com',
      subject: 'Your tickets',
      text: 'See you there',
      ...more,
    })

  it('shows a mail that was sent to it, with its parts', async () => {
    await send({
      html: '<p>See you <b>there</b> <img src="cid:qr@box"></p>',
      attachments: [{ filename: 'ticket.png', content: png, cid: 'qr@box' }],
    })
    const { items } = (await look('/messages?to=ASHA@example.com')).body
    assert.is(items.length, 1)
    assert.is(items[0].subject, 'Your tickets')
    assert.equal(items[0].to, ['asha@example.com'])
    assert.is(items[0].from, 'tickets@boxoffice.example')

    const mail = (await look(`/messages/${items[0].id}`)).body
    assert.match(mail.text, 'See you there')
    assert.is(mail.attachments[0].filename, 'ticket.png')
    assert.is(mail.attachments[0].bytes, png.length)
    assert.ok(mail.headers.some((one: { name: string }) => one.name === 'Subject'))

    const html = await look(`/messages/${items[0].id}/html`)
    assert.match(html.text, `<img src="data:image/png;base64,${png.toString('base64')}">`)
    const policy = String(html.headers['content-security-policy'])
    assert.match(policy, /^sandbox; default-src 'none'/)
    assert.not.match(policy, 'script')

    const image = await look(`/messages/${items[0].id}/attachments/0`)
    assert.is(image.headers['content-type'], 'image/png')
    assert.is(image.headers['x-content-type-options'], 'nosniff')
    assert.is((await look('/messages?to=nobody@example.com')).body.items.length, 0)
  })

  it('lists the newest first and runs nothing that a mail brings', async () => {
    await send({
      subject: '<script>alert(1)</script>',
      from: '"<img src=x onerror=alert(2)>" <evil@example.com>',
      attachments: [{ filename: '<b>.html', content: '<script>alert(3)</script>' }],
    })
    const page = await look('/')
    assert.is(page.status, 200)
    assert.not.match(page.text, '<script')
    assert.not.match(page.text, '<img')
    assert.match(page.text, '&#60;script&#62;alert(1)')
    assert.ok(page.text.indexOf('alert(1)') < page.text.indexOf('Your tickets'))
    assert.match(String(page.headers['content-security-policy']), "default-src 'none'")

    const [newest] = (await look('/messages')).body.items
    const view = await look(`/messages/${newest.id}/view`)
    assert.not.match(view.text, '<script')
    assert.not.match(view.text, '<b>.html')
    const file = await look(`/messages/${newest.id}/attachments/0`)
    assert.is(file.headers['content-type'], 'application/octet-stream')
    assert.match(String(file.headers['content-disposition']), /^attachment;/)
  })

  it('refuses a mail that is too large, and goes on', async () => {
    const large = await send({ text: 'x'.repeat(6 * 1024 * 1024) }).then(
      () => 'taken',
      (err: { responseCode: number }) => err.responseCode,
    )
    assert.is(large, 552)
    await send({ subject: 'small' })
    assert.is((await look('/messages')).body.items[0].subject, 'small')
  })

  it('keeps the last 500', async () => {
    const transport = createTransport(mailbox.smtpUrl, { pool: true } as never)
    await Promise.all(
      Array.from({ length: 510 }, (_, i) =>
        transport.sendMail({ from: 'a@b.c', to: 'many@example.com', subject: `${i}`, text: 'x' }),
      ),
    )
    transport.close()
    assert.is((await look('/messages')).body.items.length, 500)
  })

  it('answers 404 for what it does not have and 405 for what it does not do', async () => {
    for (const path of ['/x', '/messages/none', '/messages/none/html', '/favicon.ico'])
      assert.is((await look(path)).status, 404, path)
    const posted = await ask(`http://127.0.0.1:${mailbox.port}`, 'mail', '/', { method: 'POST' })
    assert.is(posted.status, 405)
  })
})
