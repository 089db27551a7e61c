import { Migration } from '@mikro-orm/migrations'

export class ProviderCharges extends Migration {
  override up() {
    // Never deleted: a provider's own memory of keys is shorter than a retry can be late.
    this.addSql(`
      create table provider_charges (
        provider text not null,
        key text not null,
        -- the provider's name of the one charge that may take money under this key
        reference text,
        -- of amount, currency, method and token: a key pays for one thing, in one way
        request_hash text,
        -- how often the key was cancelled; from the first time on, no charge under it is begun
        cancels int not null default 0,
        created_at timestamptz not null default now(),
        primary key (provider, key)
      )`)
  }
}
