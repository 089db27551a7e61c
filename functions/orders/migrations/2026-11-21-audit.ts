import { Migration } from '@mikro-orm/migrations'
import { auditTable } from '../../_runtime/audit.ts'

export class Audit extends Migration {
  override up() {
    this.addSql(auditTable)
  }
}
