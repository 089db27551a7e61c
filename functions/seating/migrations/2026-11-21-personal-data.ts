import { Migration } from '@mikro-orm/migrations'

export class PersonalData extends Migration {
  override up() {
    // What is kept of a person is shown to him, and forgotten.
    this.addSql(`create index holds_of_buyer on holds (buyer_id)`)
  }
}
