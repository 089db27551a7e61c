import { Migration } from '@mikro-orm/migrations'

export class LighterWrites extends Migration {
  override up() {
    // Each row of a purchase is written by a statement that has just read its event or locked its seat, and neither
    // is ever deleted. These keys looked once more, row by row, and locked what they found.
    this.addSql(`alter table holds drop constraint holds_event_id_fkey`)
    this.addSql(`alter table buyers drop constraint buyers_event_id_fkey`)
    this.addSql(`alter table allocations drop constraint allocations_seat_id_fkey`)
  }
}
