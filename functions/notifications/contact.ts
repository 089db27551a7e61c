import { defineEntity, p } from '@mikro-orm/postgresql'

const ContactSchema = defineEntity({
  name: 'Contact',
  tableName: 'contacts',
  properties: {
    userId: p.uuid().primary(),
    sealed: p.text().nullable(),
    version: p.integer(),
  },
})

/** How a user is reached: name and address, sealed. A row without them is a person who was erased. */
export class Contact extends ContactSchema.class {}

ContactSchema.setClass(Contact)
