import { Intent } from './intent.ts'
import { Payment } from './payment.ts'
import { ProviderCharge } from './provider-charge.ts'
import { ProviderEvent } from './provider-event.ts'
import { Refund } from './refund.ts'

export const entities = [Payment, Refund, Intent, ProviderEvent, ProviderCharge]
