import { Contact } from './contact.ts'
import { Delivery, Message } from './message.ts'

export const entities = [Contact, Message, Delivery]
