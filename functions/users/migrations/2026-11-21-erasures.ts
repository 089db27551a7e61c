import { Migration } from '@mikro-orm/migrations'
import { keepers } from '../../../contracts/personal-data.ts'

export class Erasures extends Migration {
  override up() {
    this.addSql(`
      create table erasures (
        user_id uuid not null references users (id),
        function_name text not null,
        asked_at timestamptz not null default now(),
        -- since it last answered that nothing is left
        attempts int not null default 0,
        -- how often it said so
        passes int not null default 0,
        -- what was not over when it was last asked
        open int not null default 0,
        -- null once it need not be asked any more
        due_at timestamptz default now(),
        forgotten_at timestamptz,
        primary key (user_id, function_name)
      )`)
    this.addSql(`create index erasures_due on erasures (due_at) where due_at is not null`)
    // Whom only this function and notifications have forgotten so far.
    this.addSql(`
      insert into erasures (user_id, function_name)
      select u.id, f.name from users u, unnest('{${keepers.join()}}'::text[]) as f (name)
      where u.erased_at is not null`)
  }
}
