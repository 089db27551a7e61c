import { Migration } from '@mikro-orm/migrations'

export class OutboxByUser extends Migration {
  override up() {
    // An erasure finds what was told of its user.
    this.addSql(`create index outbox_user on outbox (aggregateid) where aggregatetype = 'user'`)
  }
}
