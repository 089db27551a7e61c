import { defineEntity, p } from '@mikro-orm/postgresql'

const ProviderEventSchema = defineEntity({
  name: 'ProviderEvent',
  tableName: 'provider_events',
  properties: {
    provider: p.text().primary(),
    id: p.text().primary(),
    type: p.text(),
    parked: p.text().nullable(),
    receivedAt: p.datetime().defaultRaw('now()'),
  },
})

/** A webhook that was taken, once for ever. */
export class ProviderEvent extends ProviderEventSchema.class {}

ProviderEventSchema.setClass(ProviderEvent)
