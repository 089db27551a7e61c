import { Migration } from '@mikro-orm/migrations'

export class PersonalData extends Migration {
  override up() {
    // What is kept of a person is shown to him, and forgotten.
    this.addSql(`create index payments_of_payer on payments (payer_id)`)
    this.addSql(`create index intents_of_payer on intents (payer_id)`)
  }
}
