import { Migration } from '@mikro-orm/migrations'

export class CancelledEvents extends Migration {
  override up() {
    // Every sweep looks for their orders; of many events few are cancelled.
    this.addSql(`create index events_cancelled on events (id) where status = 'CANCELLED'`)
  }
}
