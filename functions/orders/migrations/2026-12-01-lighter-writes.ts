import { Migration } from '@mikro-orm/migrations'

export class LighterWrites extends Migration {
  override up() {
    // A line is only ever written by a statement that writes its order too, and no order is ever deleted. The key
    // asked of each line whether the row of a moment ago is there, and locked it.
    this.addSql(`alter table order_lines drop constraint order_lines_order_id_fkey`)
    // A row comes without its answer, which is ten times as long: so there is room for it in the same page, and no
    // index has to be told where it went.
    this.addSql(`alter table kept_answers set (fillfactor = 12)`)
  }
}
