import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as assert from 'uvu/assert'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { openMarket, until, type Market } from './market.ts'

/**
 * notifications is started with another key than the one that CloudEvents are signed with, as after a Secret
 * that was changed by half: it refuses every signed event with 401, which no Broker tries again.
 */
describe('an event that its function refuses', (it) => {
  let market: Market
  let isKeyWrong = true
  const wrongKey = { EVENT_KEY: 'another key of thirty-two bytes or more' }
  const operator = { email: 'operator@example.com', password: 'correct horse battery' }
  const buyer = { email: 'asha@example.com', password: 'correct horse battery', name: 'Asha Rao' }

  it.before(async () => {
    market = await openMarket({
      settings: (name): Record<string, string> =>
        name === 'notifications' && isKeyWrong ? wrongKey : {},
    })
    await market.ask('POST', '/v1/users', { ...operator, name: 'Operator' })
    await market.sql('users', `update users set roles = '{admin}'`)
  })
  it.after(() => market.close())

  const contactsOf = async (userId: string) =>
    (await market.sql('notifications', 'select 1 from contacts where user_id = $1', [userId]))
      .length

  it('is listed for the admin, replayed when the cause is gone, and has its effect then', async () => {
    const { body: user } = await market.ask('POST', '/v1/users', buyer)
    const admin = await market.person(['admin'])
    const list = () => admin.ask('GET', `/v1/dead-letters?function=notifications`)
    let dead: any
    await until('the dead letter is there', async () => {
      dead = (await list()).body?.items?.find(({ event }: any) => event.subject === user.id)
      return dead !== undefined
    })
    assert.equal(
      [dead.state, dead.code, dead.event.type, dead.function, dead.destination],
      [
        'DEAD',
        401,
        'dev.boxoffice.user.registered.v2',
        'notifications',
        'http://notifications.boxoffice.svc.cluster.local',
      ],
    )
    assert.is(JSON.parse(dead.answer).code, 'unsigned-event')
    assert.ok(
      market.lines.some((line) => line.startsWith('dead-letters 0 → 1, cold start')),
      'nobody keeps the sink warm',
    )
    const path = `/v1/dead-letters/${dead.id}`
    const whole = await admin.ask('GET', path)
    assert.is(whole.body.data.userId, user.id)
    assert.match(whole.body.data.contactSealed, /^v1\./)
    assert.not.match(whole.text, buyer.email)

    const early = await admin.ask('POST', `${path}/replay`)
    assert.equal(
      [early.status, early.body.state, early.body.replays[0].outcome, early.body.replays[0].code],
      [200, 'DEAD', 'REFUSED', 401],
    )
    assert.is(await contactsOf(user.id), 0)

    isKeyWrong = false
    const [old = 0] = market.pidsOf('notifications')
    process.kill(old, 'SIGKILL')
    await until('it is gone', async () => !market.pidsOf('notifications').includes(old))
    const replayed = await admin.ask('POST', `${path}/replay`)
    assert.equal([replayed.status, replayed.body.state], [200, 'REPLAYED'], replayed.text)
    assert.is(await contactsOf(user.id), 1)
  })

  it('is not for those who are no admins', async () => {
    const organizer = await market.person(['organizer'])
    const refused = await organizer.ask('GET', '/v1/dead-letters')
    assert.equal([refused.status, refused.body.code], [403, 'forbidden'])
    assert.is((await market.ask('GET', '/v1/dead-letters')).status, 401)
  })

  it('whose signature nobody can check is refused again at each replay, and can be discarded', async () => {
    const admin = await market.person(['admin'])
    const id = newId()
    const published = await fetch(market.brokerUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': '/functions/users',
        'ce-type': 'dev.boxoffice.user.erased.v1',
        'ce-sig': 'forged',
        'ce-subject': Buffer.from('Kühn ✓').toString('latin1'),
      },
      body: JSON.stringify({ userId: newId(), version: 2 }),
    })
    assert.is(published.status, 202)
    let dead: any
    await until('the dead letter is there', async () => {
      const { body } = await admin.ask('GET', '/v1/dead-letters?code=401&state=DEAD')
      dead = body?.items?.find(({ event }: any) => event.id === id)
      return dead !== undefined
    })
    const { body } = await admin.ask('POST', `/v1/dead-letters/${dead.id}/replay`)
    assert.equal([body.state, body.code, body.attributes.sig], ['DEAD', 401, 'forged'])
    assert.is(body.event.subject, 'Kühn ✓')
    const reason = 'forged'
    await admin.ask('POST', `/v1/dead-letters/${dead.id}/discard`, { reason })
    const { body: counts } = await admin.ask('GET', '/v1/dead-letters/counts?state=DISCARDED')
    assert.equal(
      counts.items.map(({ count }: any) => count),
      [1],
    )
  })

  it('is shown and replayed from a terminal, with exit codes that a script can go by', async () => {
    const registered = ['--type', 'dev.boxoffice.user.registered.v2']
    const list = await run('list', '--state', 'DEAD', ...registered)
    assert.is(list.code, 0, list.err)
    const [line = ''] = list.out.split('\n')
    const [id = ''] = line.split(' ')
    assert.match(line, /DEAD {2}401 {2}notifications {2}user\.registered\.v2 {2}.+ sig/)
    const shown = JSON.parse((await run('show', id, '--json')).out)
    assert.is(shown.id, id)
    assert.match(shown.data.contactSealed, /^v1\./)
    assert.match((await run('counts')).out, /^1 {2}401 {2}notifications .*user\.registered/m)

    const replayed = await run('replay', '--all', '--function', 'notifications', ...registered)
    assert.is(replayed.code, 0, replayed.err)
    assert.match(replayed.out, /REPLAYED {2}TAKEN {2}204 .*\n1 replayed, 0 still wait\n$/)
    const again = await run('replay', id)
    assert.equal([again.code, again.out], [1, ''])
    assert.match(again.err, /409 dead-letter-settled/)
    assert.is((await run('replay', 'x')).code, 2)
    assert.match((await run('list', '--state', 'GONE')).err, /400 invalid-request.*\n.*state/)
    const elsewhere = await run('list', '--url', 'http://127.0.0.1:9')
    assert.equal([elsewhere.code, elsewhere.out], [2, ''])
  })

  /** The command as npm runs it. */
  async function run(...args: string[]) {
    const child = spawn(process.execPath, ['scripts/dead-letters.ts', ...args], {
      env: {
        ...process.env,
        BOXOFFICE_URL: market.url,
        BOXOFFICE_EMAIL: operator.email,
        BOXOFFICE_PASSWORD: operator.password,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const printed = { out: '', err: '' }
    child.stdout.on('data', (chunk) => (printed.out += chunk))
    child.stderr.on('data', (chunk) => (printed.err += chunk))
    const [code] = await once(child, 'close')
    return { code: code as number, ...printed }
  }
})
