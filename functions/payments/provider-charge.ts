import { defineEntity, p } from '@mikro-orm/postgresql'

const ProviderChargeSchema = defineEntity({
  name: 'ProviderCharge',
  tableName: 'provider_charges',
  properties: {
    provider: p.text().primary(),
    key: p.text().primary(),
    reference: p.text().nullable(),
    requestHash: p.text().nullable(),
    cancels: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})

/** Which charge of the provider a key means, written before any money can move under it. */
export class ProviderCharge extends ProviderChargeSchema.class {}

ProviderChargeSchema.setClass(ProviderCharge)
