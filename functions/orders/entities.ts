import { Event } from './event-entity.ts'
import { KeptAnswer, OrderEntity, OrderLineEntity, RefundEntity } from './order-entity.ts'

export const entities = [Event, OrderEntity, OrderLineEntity, KeptAnswer, RefundEntity]
