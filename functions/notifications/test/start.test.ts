import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import type { App } from '../../_runtime/app.ts'
import { describe } from '../../_runtime/test.ts'
import { asking } from '../../_runtime/testing/ask.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { start } from '../start.ts'
import { openMailServer } from './mail-server.ts'
import { issuedTo, notificationsEnv, openInstance, until } from './support.ts'

describe('notifications as a whole', (it) => {
  let mails: Awaited<ReturnType<typeof openMailServer>>
  let env: Record<string, string>
  let loaded: ReturnType<typeof start>
  /** This one knows no mail server, and is gone before its mail is. */
  let dead: ReturnType<typeof openInstance>
  it.before(async () => {
    mails = await openMailServer()
    env = await notificationsEnv({ SMTP_URL: mails.url })
    loaded = start(env)
    dead = openInstance({ ...env, SMTP_URL: 'smtp://127.0.0.1:9' })
    await dead.deps.sending.stop()
  })
  it.after(async () => {
    await loaded.close()
    await dead.close()
    await mails.close()
    await endTesting()
  })

  it('sends what another instance left behind: at the next tick, and when it begins', async () => {
    const leaveBehind = async () => {
      const { userId, email } = await dead.register()
      await dead.issue(issuedTo(userId))
      return email
    }
    const { deliver, ask } = asking(loaded.answer as unknown as App, 'notifications')
    const first = await leaveBehind()
    assert.is((await deliver('dev.knative.sources.ping', newId(), {})).status, 204)
    assert.is(mails.to(first).length, 1)

    const second = await leaveBehind()
    loaded.started?.()
    await until(() => mails.to(second).length === 1)
    const metrics = (await ask('GET', '/metrics')).text
    assert.match(metrics, /notification_attempts_total\{kind="tickets",outcome="SENT"/)
  })

  it('does not start with settings that are wrong, and says which', () => {
    for (const [name, value] of [
      ['SMTP_URL', 'http://127.0.0.1:25'],
      ['MAIL_FROM', 'nobody'],
      ['MAIL_FROM', 'a@b.example\r\nBcc: thief@mail.example'],
      ['KEY_SECRET', 'short'],
      ['SMTP_SECONDS', '60'],
    ] as const)
      assert.throws(
        () => start({ ...env, [name]: value }),
        (err: Error) => err.message.includes(name) && !err.message.includes(value),
        name,
      )
  })
})
