import { Migration } from '@mikro-orm/migrations'

export class Buyers extends Migration {
  override up() {
    this.addSql(`alter table events add column seats_per_buyer_max int`)
    // What one buyer may have is judged in his row, which is there to be locked.
    this.addSql(`
      create table buyers (
        event_id uuid not null references events (id),
        buyer_id uuid not null,
        -- the hold of each seat, as many times as it has seats
        hold_ids uuid[] not null,
        primary key (event_id, buyer_id)
      ) with (fillfactor = 80)`)
    // Holds that were placed before count too.
    this.addSql(`
      insert into buyers (event_id, buyer_id, hold_ids)
      select h.event_id, h.buyer_id, array_agg(h.id) from holds h, unnest(h.seat_ids)
      where h.status in ('ACTIVE', 'ALLOCATED') group by h.event_id, h.buyer_id`)
  }
}
