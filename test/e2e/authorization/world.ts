import type { FunctionName } from '../../../contracts/functions.ts'
import type { Route } from '../../../contracts/route.ts'
import { routes } from '../../../contracts/routes.ts'
import { openMarket, type Market } from '../market.ts'
import { openCallers, type Caller } from './callers.ts'
import { insideHost, openDoor, until, type Door } from './door.ts'
import type { Target } from './expected.ts'
import { fixtureOf, requestFor } from './requests.ts'
import { malformedThing, unknownThing, type Thing } from './thing.ts'
import { openThings, type Kind } from './things.ts'

/** Nobody is to be refused for how often he asks. */
const limits = ['credentials.account', 'credentials.guess']
  .concat(
    ['credentials', 'sessions', 'reads', 'purchases', 'writes'].map((name) => `${name}.address`),
  )
  .concat(['reads', 'purchases', 'writes'].flatMap((name) => [`${name}.user`, `${name}.key`]))
  .map((name) => `${name}=1000000/60`)
  .join()

const organized = new Set<Kind>(['venue', 'draft', 'event', 'room'])
const bought = new Set<Kind>(['order', 'intent', 'payment', 'ticket', 'hold', 'apiKey'])

/** A small running system with people, and two of everything that has an owner. */
export async function openWorld() {
  const market = await openMarket({
    isWarm: true,
    settings: (name) => (name === 'gateway' ? { RATE_LIMITS: limits } : {}),
  })
  try {
    return await peopled(market)
  } catch (err) {
    await market.close()
    throw err
  }
}

async function peopled(market: Market) {
  // The first token needs the key that signs it, from a database that has just been made.
  const hasKey = () =>
    market.person().then(
      () => true,
      () => false,
    )
  await until('tokens can be signed', hasKey)
  const callers = await openCallers(market)
  const things = await openThings(market, callers)
  const doors = new Map<string, Door>()
  const doorTo = (host: string): Door => {
    const known = doors.get(host) ?? openDoor(market.url, host)
    doors.set(host, known)
    return known
  }

  /** Those whose things are there beforehand; the first is the one that callers are named after. */
  const ownersOf = (kind: Kind): Caller[] => {
    if (organized.has(kind)) return [callers.organizer, callers.otherOrganizer]
    return bought.has(kind) ? [callers.owner, callers.other] : [callers.owner]
  }
  const make = (kind: Kind): Promise<Thing> => things.make[kind](ownersOf(kind)[0] as Caller)
  const kinds = new Set(routes.map(({ name, route }) => fixtureOf(name, route).of)).add('draft')
  const kept = new Map<Kind, Thing[]>(
    await Promise.all(
      [...kinds].map(async (kind) => {
        const made = ownersOf(kind).map((whose) => things.make[kind](whose))
        return [kind, await Promise.all(made)] as const
      }),
    ),
  )
  const keptOf = (kind: Kind): Thing[] => kept.get(kind) ?? []

  return {
    market,
    callers,
    saleId: things.sale.id,
    ownersOf,
    make,
    keptOf,
    /** One of each owner, one that nobody has, and no id at all; where drafts are a secret, those too. */
    targetsOf(name: string, route: Route): Target[] {
      const { of } = fixtureOf(name, route)
      const drafts = of === 'event' && route.owner === 'catalog' ? keptOf('draft') : []
      const targets = [...keptOf(of), ...drafts].map((thing): Target => ({
        is: 'somebody’s',
        thing,
      }))
      if (of === 'nothing') return targets
      return [
        ...targets,
        { is: 'unknown', thing: unknownThing() },
        { is: 'malformed', thing: malformedThing },
      ]
    },
    asked: (name: string, route: Route, thing: Thing) =>
      requestFor(route, fixtureOf(name, route), thing, things.sale.id),
    gateway: doorTo(new URL(market.url).host),
    /** Past the gateway, as a function asks another. */
    doorOf: (name: FunctionName) => doorTo(insideHost(name)),
    async close() {
      for (const door of doors.values()) door.close()
      await market.close()
    },
  }
}

export type World = Awaited<ReturnType<typeof openWorld>>
