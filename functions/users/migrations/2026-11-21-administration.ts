import { Migration } from '@mikro-orm/migrations'
import { auditTable } from '../../_runtime/audit.ts'

export class Administration extends Migration {
  override up() {
    this.addSql(`alter table users add column banned_by uuid, add column ban_reason text`)
    this.addSql(`
      alter table users add constraint users_ban check
        (num_nonnulls(banned_at, banned_by, ban_reason) in (0, 3))`)
    // Names its collation: what is equal must not depend on the locale of the server.
    this.addSql(`
      create function folded(words text) returns text immutable parallel safe language sql
        return casefold(normalize(words) collate pg_unicode_fast)`)
    this.addSql(`
      create function words_of(line text) returns text[] immutable parallel safe language sql
        return array_remove(string_to_array(folded(line), ' '), '')`)
    // Each word is found by its beginning, whatever it consists of: no parser, no dictionary.
    this.addSql(`
      alter table users add column name_words tsvector
        generated always as (array_to_tsvector(words_of(name))) stored`)
    this.addSql(String.raw`
      create function beginnings(line text) returns tsquery immutable parallel safe language sql
        return (select string_agg(
            '''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':*', ' & ')
          from unnest(words_of(line)) word)::tsquery`)
    this.addSql(`create index users_name_words on users using gin (name_words)`)
    this.addSql(auditTable)
  }
}
