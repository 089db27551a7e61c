import { events, type EventContract } from '../../../contracts/events.ts'
import { databaseOwners, type FunctionName } from '../../../contracts/functions.ts'
import { observable } from '../../../contracts/observable.ts'
import { newId } from '../../../functions/_runtime/ids.ts'
import { signEvent, type Signed } from '../../../functions/_runtime/signature.ts'
import type { Market } from '../market.ts'
import type { Asked } from './door.ts'

type Secrets = Market['secrets']

/** Every CloudEvent that was told so far, as its function told it. */
export async function toldIn(market: Market): Promise<Signed[]> {
  const owners = databaseOwners.filter((name) => 'outbox' in (observable[name] ?? {}))
  const text = 'select id, type, aggregateid as subject, payload as data from outbox'
  const all = await Promise.all(
    owners.map(async (name) =>
      (await market.sql(name, text)).map((row) => ({ ...row, source: `/functions/${name}` })),
    ),
  )
  return all.flat()
}

/** One for each type that has to be signed: as it was told, or else made up. */
export function oneOfEach(told: Signed[]): Signed[] {
  return Object.entries(events)
    .filter(([, { signed }]) => signed)
    .map(
      ([type, { from }]) =>
        told.find((one) => one.type === type) ?? {
          id: newId(),
          source: `/functions/${from}`,
          type,
          subject: newId(),
          data: {},
        },
    )
}

export const readersOf = ({ type }: Signed): readonly FunctionName[] =>
  (events as Record<string, EventContract>)[type]?.to ?? []

/** A CloudEvent as the Broker delivers it, with the signature given. */
export const delivery = ({ id, source, type, subject, data }: Signed, sig?: string): Asked => ({
  method: 'POST',
  path: '/',
  headers: {
    'ce-specversion': '1.0',
    'ce-id': id,
    'ce-source': source,
    'ce-type': type,
    'ce-subject': subject ?? '',
    ...(sig === undefined ? {} : { 'ce-sig': sig }),
  },
  body: data,
})

/** What somebody inside could try who has no EVENT_KEY, but has seen a CloudEvent pass. */
export function forgeries(event: Signed, { eventKey, serviceKey }: Secrets): Record<string, Asked> {
  const seen = signEvent(eventKey, event)
  const changed = { ...(event.data as object), version: 1_000_000 }
  const other = event.type === 'dev.boxoffice.user.erased.v1' ? 'updated' : 'erased'
  return {
    'no signature': delivery(event),
    'an empty signature': delivery(event, ''),
    'a signature by another key': delivery(event, signEvent(serviceKey, event)),
    'a cut signature': delivery(event, seen.slice(0, -1)),
    'the signature of another source': delivery({ ...event, source: '/functions/gateway' }, seen),
    'the signature of another id': delivery({ ...event, id: newId() }, seen),
    'the signature of another thing': delivery({ ...event, subject: newId() }, seen),
    'the signature of another type': delivery(
      event,
      signEvent(eventKey, { ...event, type: `dev.boxoffice.user.${other}.v1` }),
    ),
    'changed data': delivery({ ...event, data: changed }, seen),
  }
}
