import { Migration } from '@mikro-orm/migrations'

export class PersonalData extends Migration {
  override up() {
    // What was told of the events of an organizer who is forgotten.
    this.addSql(`create index outbox_event on outbox (aggregateid)`)
    this.addSql(
      `create index venues_of_organizer on venues (organizer_id) where organizer_id is not null`,
    )
  }
}
