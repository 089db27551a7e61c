import { Migration } from '@mikro-orm/migrations'

export class PersonalData extends Migration {
  override up() {
    // What was told of an order that is forgotten. Confirmations are found by the order's own column: this index
    // costs a purchase nothing.
    this.addSql(`
      create index outbox_order on outbox (aggregateid)
      where type <> 'dev.boxoffice.order.confirmed.v1'`)
  }
}
