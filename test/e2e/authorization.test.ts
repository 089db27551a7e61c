import * as assert from 'uvu/assert'
import * as z from 'zod'
import type { FunctionName } from '../../contracts/functions.ts'
import type { Route } from '../../contracts/route.ts'
import { isInside, routes } from '../../contracts/routes.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { signEvent } from '../../functions/_runtime/signature.ts'
import { differences, inTurn, learned } from './authorization/answers.ts'
import { insidersOf, openAccount, serviceToken, type Caller } from './authorization/callers.ts'
import { delivery, forgeries, oneOfEach, readersOf, toldIn } from './authorization/cloud-events.ts'
import type { Answer, Door } from './authorization/door.ts'
import { refusalOf, type Target } from './authorization/expected.ts'
import { fixtureOf } from './authorization/requests.ts'
import { allRows, quiet, rowsOf } from './authorization/rows.ts'
import type { Thing } from './authorization/thing.ts'
import { openWorld, type World } from './authorization/world.ts'

type Named = { name: string; route: Route }

describe('every route, asked by everybody about everybody’s,', (it) => {
  let world: World
  it.before(async () => (world = await openWorld()))
  it.after(() => world?.close())

  const ask = ({ name, route }: Named, caller: Caller, thing: Thing, door: Door) => {
    const asked = world.asked(name, route, thing)
    return door.ask({ ...asked, headers: { ...asked.headers, ...caller.headers } })
  }

  it('has a row, and a request that is right, so that nothing else refuses it', async () => {
    for (const { name, route } of routes) {
      const [thing] = world.keptOf(fixtureOf(name, route).of)
      assert.ok(thing, `${name} is about nothing`)
      const { path, body } = world.asked(name, route, thing)
      assert.not.match(path, /:/, name)
      assert.ok(!route.body || route.body.safeParse(body).success, name)
    }
  })

  it('refuses at the gateway whom it must, says no more, and changes nothing', async () => {
    const count = await refuseAll('gateway', () => ({
      callers: world.callers.all,
      door: world.gateway,
    }))
    assert.ok(count > 4000, `only ${count} were refused`)
  })

  it('refuses by itself, without a gateway before it, and changes nothing', async () => {
    const users = world.callers.all.filter(({ headers }) => !('x-api-key' in headers))
    const key = world.market.secrets.serviceKey
    const count = await refuseAll('function', async (route) => ({
      callers: [...users, ...(await insidersOf(route, key))],
      door: world.doorOf(route.owner),
    }))
    assert.ok(count > 4000, `only ${count} were refused`)
  })

  type Side = { callers: Caller[]; door: Door }

  async function refuseAll(
    where: 'gateway' | 'function',
    side: (route: Route) => Side | Promise<Side>,
  ): Promise<number> {
    const { market } = world
    await quiet(market)
    const before = await allRows(market)
    let count = 0
    for (const named of routes) {
      const { name, route } = named
      const { callers, door } = await side(route)
      const cases = callers.flatMap((caller) =>
        world.targetsOf(name, route).flatMap((target) => {
          const codes = refusalOf(route, caller, target, where)
          return codes ? [{ caller, target, codes }] : []
        }),
      )
      const answers = await inTurn(cases, async (one) => ({
        ...one,
        answer: await ask(named, one.caller, one.target.thing, door),
      }))
      const wrong = answers.flatMap(({ caller, target, codes, answer }) =>
        differences(answer, codes).map((what) => `${caller.name}, ${target.is}: ${what}`),
      )
      assert.equal([...wrong, ...telling(answers)], [], name)
      if (route.method !== 'GET')
        assert.equal(await rowsOf(market, route.owner), before[route.owner], `${name} changed rows`)
      count += answers.length
    }
    assert.equal(await allRows(market), before, 'a GET changed rows')
    return count
  }

  it('lists to everybody his own, whatever he filters by', async () => {
    const { callers, gateway, keptOf } = world
    const [orderOfOwner] = keptOf('order')
    const lists = routes.filter(
      ({ route }) => route.data === 'own' && route.method === 'GET' && !route.params,
    )
    for (const { name, route } of lists) {
      const listed = async ({ headers }: Caller, search = '') => {
        const path = `${route.path}${search}`
        const { status, body } = await gateway.ask({ method: 'GET', path, headers })
        assert.is(status, 200, name)
        return body.items && (body.items as { id: string }[]).map(({ id }) => id)
      }
      const his: string[] | undefined = await listed(callers.owner)
      if (!his) continue
      const others: string[] = await listed(callers.other)
      assert.ok(his.length > 0 && others.length > 0, `${name} has nothing to list`)
      assert.not(
        his.some((id) => others.includes(id)),
        name,
      )
      if (!(route.query instanceof z.ZodObject && 'orderId' in route.query.shape)) continue
      const search = `?orderId=${orderOfOwner?.id}`
      assert.ok((await listed(callers.owner, search)).length > 0, name)
      assert.equal(await listed(callers.other, search), [], name)
    }
  })

  it('takes the hold of another for none', async () => {
    const { callers, gateway, keptOf, saleId: eventId } = world
    const [hold] = keptOf('hold')
    const orderBy = async (holdId: string) => {
      const headers = { ...callers.other.headers, 'idempotency-key': newId() }
      const body = { eventId, holdId, payment: { method: 'CARD', token: 'tok_ok' } }
      const answer = await gateway.ask({ method: 'POST', path: '/v1/orders', headers, body })
      assert.equal(differences(answer, ['hold-lost']), [])
      return learned(answer, { id: holdId, more: {} })
    }
    assert.is(await orderBy(hold?.id ?? ''), await orderBy(newId()))
  })

  it('lets in the functions that it is for', async () => {
    for (const named of routes.filter(({ route }) => isInside(route)))
      for (const from of functionsOf(named.route)) {
        const { owner, answers } = named.route
        const key = world.market.secrets.serviceKey
        const caller = { headers: await serviceToken(from, owner, { key }) } as Caller
        const thing = await world.make(fixtureOf(named.name, named.route).of)
        const { status, text } = await ask(named, caller, thing, world.doorOf(owner))
        assert.ok(status in answers, `${named.name} for ${from}: ${status} ${text}`)
      }
  })

  it('shows everybody what is his to see', async () => {
    for (const named of routes.filter(({ route }) => route.method === 'GET')) {
      const cases = allowed(named, world.targetsOf(named.name, named.route))
      await inTurn(cases, async ({ caller, target }) => {
        const { status, text } = await ask(named, caller, target.thing, world.gateway)
        const what = `${named.name} for ${caller.name}: ${status} ${text}`
        assert.ok(status in named.route.answers, what)
      })
      assert.ok(cases.length > 0 || isInside(named.route), `${named.name} is for nobody`)
    }
  })

  it('does for everybody what he may have done', async () => {
    for (const named of routes) {
      const { name, route } = named
      if (route.method === 'GET' || isInside(route)) continue
      const { of, ends } = fixtureOf(name, route)
      const thing = await world.make(of)
      const fresh: Target = { is: 'somebody’s', thing }
      const others = of === 'nothing' ? [] : world.targetsOf(name, route)
      const all = allowed(named, [fresh, ...others])
      const first = ends === 'caller' ? await somebodyNew() : firstOf(all, thing)
      const { status, text } = await ask(named, first, thing, world.gateway)
      assert.ok(status in route.answers, `${name} for ${first.name}: ${status} ${text}`)
      if (ends) continue
      await inTurn(all, async ({ caller, target }) => {
        const answer = await ask(named, caller, target.thing, world.gateway)
        const isRefused = [401, 403, 404].includes(answer.status) || answer.status > 499
        assert.not(isRefused, `${name} for ${caller.name}: ${answer.status} ${answer.text}`)
      })
    }
  })

  it('takes no CloudEvent that is not signed as it stands', async () => {
    const { market, doorOf } = world
    await quiet(market)
    const before = await allRows(market)
    const cases = oneOfEach(await toldIn(market)).flatMap((event) =>
      Object.entries(forgeries(event, market.secrets)).flatMap(([what, asked]) =>
        readersOf(event).map((reader) => ({
          what: `${reader}: ${event.type} with ${what}`,
          reader,
          asked,
        })),
      ),
    )
    const wrong = await inTurn(cases, async ({ what, reader, asked }) =>
      differences(await doorOf(reader).ask(asked), ['unsigned-event']).map(
        (how) => `${what}: ${how}`,
      ),
    )
    assert.equal(wrong.flat(), [])
    assert.equal(await allRows(market), before)
  })

  it('takes a CloudEvent that comes again, and nothing happens again', async () => {
    const { market, doorOf } = world
    const before = await allRows(market)
    const told = await toldIn(market)
    const cases = told.flatMap((event) => readersOf(event).map((reader) => ({ event, reader })))
    const statuses = await inTurn(cases, async ({ event, reader }) => {
      const asked = delivery(event, signEvent(market.secrets.eventKey, event))
      const { status, text } = await doorOf(reader).ask(asked)
      return status === 204 ? [] : [`${reader}: ${event.type} ${status} ${text}`]
    })
    assert.equal(statuses.flat(), [])
    assert.ok(cases.length > 100, `only ${cases.length} came again`)
    await quiet(market)
    assert.equal(await allRows(market), before)
  })

  const allowed = ({ route }: Named, targets: Target[]) =>
    world.callers.all.flatMap((caller) =>
      targets
        .filter(({ is }) => is === 'somebody’s')
        .flatMap((target) =>
          refusalOf(route, caller, target, 'gateway') ? [] : [{ caller, target }],
        ),
    )

  /** Its owner, where he may. */
  function firstOf(all: { caller: Caller; target: Target }[], thing: Thing): Caller {
    const his = all.filter(({ target }) => target.thing === thing).map(({ caller }) => caller)
    const found =
      his.find(({ userId }) => userId !== undefined && userId === thing.ownerId) ?? his[0]
    assert.ok(found, 'nobody may do it')
    return found
  }

  async function somebodyNew(): Promise<Caller> {
    const { id, bearer } = await openAccount(world.market, ['customer'])
    return { name: 'somebody new', headers: bearer, userId: id, roles: ['customer'], state: 'good' }
  }
})

const functionsOf = ({ access }: Route): readonly FunctionName[] =>
  typeof access === 'object' && 'functions' in access ? access.functions : []

/** Where 404 for what is somebody else's is not, to the letter, 404 for what nobody has. */
function telling(answers: { caller: Caller; target: Target; answer: Answer }[]): string[] {
  const absent = answers.filter(({ answer }) => answer.status === 404)
  const byCaller = Map.groupBy(
    absent.filter(({ target }) => target.is !== 'malformed'),
    ({ caller }) => caller,
  )
  return Array.from(byCaller).flatMap(([{ name }, all]) => {
    const different = new Set(all.map(({ answer, target }) => learned(answer, target.thing)))
    return different.size > 1 ? [`${name} learns what exists: ${[...different].join(' | ')}`] : []
  })
}
