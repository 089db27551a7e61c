import { Migration } from '@mikro-orm/migrations'

export class RefundProgress extends Migration {
  override up() {
    this.addSql(`alter table events add column organizer_id uuid`)
    this.addSql(`
      create index orders_given_back on orders (event_id) where status in ('REFUNDING', 'REFUNDED')`)
  }
}
