import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { entities } from '../entities.ts'
import { look, openNotifications, type Notifications } from './support.ts'

describe('entities', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications()))
  it.after(() => app.close())

  it('have the columns that the migrations made, no more and no less', async () => {
    const { database } = app.deps
    const metadata = (await database.em()).getMetadata()
    const listed = [...metadata].filter((one) => entities.some((entity) => entity === one.class))
    assert.is(listed.length, entities.length)
    for (const { tableName, props } of listed) {
      const made = await look(
        database,
        `select array_agg(column_name::text) from information_schema.columns
         where table_schema = current_schema() and table_name = $1`,
        [tableName],
      )
      const named = props.flatMap(({ fieldNames }) => fieldNames)
      assert.equal(named.toSorted(), made.toSorted(), tableName)
    }
  })
})
