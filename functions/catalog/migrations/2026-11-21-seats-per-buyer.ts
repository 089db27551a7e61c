import { Migration } from '@mikro-orm/migrations'

export class SeatsPerBuyer extends Migration {
  override up() {
    this.addSql(
      `alter table events add column seats_per_buyer_max int check (seats_per_buyer_max > 0)`,
    )
  }
}
