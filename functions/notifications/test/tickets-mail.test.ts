import { createRequire } from 'node:module'
import qrcode from 'qrcode'
import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import {
  codes,
  issuedTo,
  look,
  messagesOf,
  openNotifications,
  orderOf,
  until,
  type Issued,
  type Notifications,
} from './support.ts'

describe('tickets.issued', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications({ PUBLIC_URL: 'https://box.example/' })))
  it.after(() => app.close())

  /** The mail that a buyer gets for his tickets. */
  async function mailFor(more: Partial<Issued> = {}, name = 'Asha Rao') {
    const { userId, email } = await app.register({ name })
    const issued = issuedTo(userId, more)
    assert.is((await app.issue(issued)).status, 204)
    await until(() => app.mails.to(email).length > 0)
    const [caught] = app.mails.to(email)
    assert.ok(caught)
    return { issued, email, userId, ...caught }
  }

  it('becomes a mail with event, place, time, seats and codes', async () => {
    const { issued, email, mail } = await mailFor()
    assert.is(mail.subject, 'Your tickets for The Tempest')
    assert.equal(mail.to, [{ name: 'Asha Rao', address: email }])
    assert.equal(mail.from, { name: 'Boxoffice', address: 'tickets@boxoffice.example' })
    const link = `https://box.example/v1/tickets?orderId=${issued.orderId}`
    for (const [part, body] of Object.entries({ text: mail.text ?? '', html: mail.html ?? '' }))
      for (const said of [
        'Hello Asha Rao',
        'The Tempest',
        'Old Hall, Pune',
        'Monday, 1 March 2027 at 18:30 UTC',
        'Seat A-1',
        'Seat A-2',
        ...codes,
        link,
      ])
        assert.ok(body.includes(said), `${part}: ${said}`)
  })

  it('is with the mail server within two seconds', async () => {
    await mailFor()
    const start = performance.now()
    await mailFor()
    const ms = performance.now() - start
    assert.ok(ms < 2000, `${ms} ms`)
  })

  it('attaches to the mail a picture of each code, shown in its place', async () => {
    const { mail } = await mailFor()
    const shown = Array.from((mail.html ?? '').matchAll(/src="cid:([^"]+)"/g), ([, cid]) => cid)
    assert.is(shown.length, 2)
    for (const [i, cid] of shown.entries()) {
      const picture = mail.attachments.find(({ contentId }) => contentId === `<${cid}>`)
      assert.equal([picture?.mimeType, picture?.disposition], ['image/png', 'inline'])
      const png = Buffer.from(picture?.content as ArrayBuffer)
      assert.is(png.subarray(0, 8).toString('hex'), '89504e470d0a1a0a')
      const bytes = [{ data: Buffer.from(codes[i] ?? ''), mode: 'byte' as const }]
      const own = await qrcode.toBuffer(bytes, { errorCorrectionLevel: 'M', scale: 6 })
      assert.is(png.readUInt32BE(16), 246)
      assert.ok(pixelsOf(png).equals(pixelsOf(own)), 'the same pixels as the encoder draws')
    }
  })

  it('keeps the codes sealed while they wait, and not at all once they are sent', async () => {
    const { issued, mail } = await mailFor()
    const { database } = app.deps
    const row = `select to_jsonb(m)::text from messages m where order_id = $1`
    await until(async () => (await messagesOf(app.deps, issued.orderId)) === 'tickets SENT')
    const sent = await look(database, row, [issued.orderId])
    assert.is(JSON.parse(sent).sealed, null)
    assert.is(mail.messageId, `<${JSON.parse(sent).id}@boxoffice.example>`)

    const waiting = issuedTo('019aa1b2-0000-7000-8000-00000000ffff')
    await app.issue(waiting)
    const queued = await look(database, row, [waiting.orderId])
    assert.match(JSON.parse(queued).sealed, /^v1\./)
    for (const code of codes) assert.not.ok(queued.includes(code))
  })

  it('says less where less is known', async () => {
    const { mail } = await mailFor({ venueName: '', city: '', startsAt: null })
    assert.not.match(mail.text ?? '', /UTC|null|undefined|, ,/)
    assert.match(mail.text ?? '', /Here are your tickets for The Tempest\.\n\nSeat A-1/)
  })

  it('is safe from a title that wants to be more than a title', async () => {
    const title =
      'Nice\r\nBcc: thief@mail.example\r\n\r\n<script>alert(1)</script> "&\' \u2028 \u202Eevil \uD800 नाटक 🎭'
    const { mail, raw, to } = await mailFor(
      { eventTitle: title, venueName: '<b>Hall</b>\r\nX: y', city: '<i>', tickets: [] },
      'Asha\r\nCc: thief@mail.example <img src=x>',
    )
    const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replaceAll(/\r\n\s+/g, ' ')
    const names = head.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    assert.equal(names.toSorted(), [
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
    ])
    assert.is(to.length, 1)
    assert.is(
      mail.subject,
      'Your tickets for Nice Bcc: thief@mail.example <script>alert(1)</script> "&\' evil \uFFFD नाटक 🎭',
    )
    assert.is(mail.to?.[0]?.name, 'Asha Cc: thief@mail.example <img src=x>')
    assert.not.match(mail.html ?? '', /<script|<b>|<i>|<img/)
    assert.match(mail.html ?? '', /&lt;script&gt;alert\(1\)&lt;\/script&gt; &quot;&amp;&#39;/)
  })

  it('cuts a title that is longer than a subject should be', async () => {
    const { mail } = await mailFor({ eventTitle: '🎭'.repeat(500) })
    assert.is(mail.subject, `Your tickets for ${'🎭'.repeat(149)}…`)
  })

  it('says nothing of tickets for an order that is known to be over', async () => {
    const { userId, email } = await app.register()
    const issued = issuedTo(userId)
    await app.tell('refunded', orderOf(userId, { orderId: issued.orderId }))
    await app.issue(issued)
    assert.is(
      (await messagesOf(app.deps, issued.orderId)).replace('QUEUED', 'SENT'),
      'order-refunded SENT',
    )
    await until(() => app.mails.to(email).length === 1)
  })

  it('drops tickets that still wait when their order is over, but not for a part of it', async () => {
    const issued = issuedTo('019aa1b2-0000-7000-8000-00000000fffe')
    const refund = (status: 'CONFIRMED' | 'REFUNDED', version: number) =>
      app.tell('refunded', orderOf(issued.holderId, { orderId: issued.orderId, status, version }))
    await app.issue(issued)
    await refund('CONFIRMED', 4)
    assert.is(await messagesOf(app.deps, issued.orderId), 'tickets QUEUED, order-refunded QUEUED')
    await refund('REFUNDED', 6)
    assert.is(
      await messagesOf(app.deps, issued.orderId),
      'tickets FAILED order-over, order-refunded QUEUED, order-refunded QUEUED',
    )
  })
})

/** Four bytes a pixel, read by the PNG decoder that qrcode brings along. */
function pixelsOf(png: Buffer): Buffer {
  const { PNG } = createRequire(createRequire(import.meta.url).resolve('qrcode'))('pngjs')
  return PNG.sync.read(png).data
}
