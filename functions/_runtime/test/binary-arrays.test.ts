import * as assert from 'uvu/assert'
import { withBinaryArrays } from '../binary-arrays.ts'
import { createDatabase, statement } from '../database.ts'
import { createLog } from '../log.ts'
import { describe } from '../test.ts'
import { endTesting, testServices } from '../testing/services.ts'

const id = '019365d0-7a3b-7c11-8f2e-1a2b3c4d5e6f'

describe('an array that goes to Postgres in binary', (it) => {
  let database: ReturnType<typeof createDatabase>

  it.before(async () => {
    database = createDatabase({
      url: (await testServices()).adminUrl,
      connections: 1,
      prepared: true,
      entities: async () => [],
      log: createLog('seating', 'silent'),
    })
  })
  it.after(async () => {
    await database.close()
    await endTesting()
  })

  const back = async (type: string, values: unknown[]) => {
    const echo = statement(`echo-${type}`, `select $1::${type}[] as is`)
    assert.instance(withBinaryArrays(echo, [values])[0], Buffer)
    const [row] = await database.query<{ is: unknown[] }>(echo, [values])
    return row?.is
  }

  it('comes back as it was', async () => {
    const texts = ['', 'plain', 'a "quoted", {braced} \\ one', 'ünïcode 🎟', 'NULL', null]
    for (const [type, values] of Object.entries({
      uuid: [id, null, '00000000-0000-0000-0000-000000000000'],
      text: texts,
      jsonb: ['{"a":["\\"",1]}', null, 'null', '"ü"'],
    }))
      assert.equal(
        await back(type, values),
        type === 'jsonb' ? [{ a: ['"', 1] }, null, null, 'ü'] : values,
      )
    assert.equal(await back('text', []), [])
    assert.equal(await back('text', [null]), [null])
    assert.equal(await back('text', [15, 'after-hold']), ['15', 'after-hold'])
    assert.equal(await back('uuid', [id.toUpperCase()]), [id])
  })

  it('stays text where it is no such thing, and Postgres refuses it', async () => {
    const echo = statement('echo-ids', 'select $1::uuid[]')
    for (const wrong of ['no id', id.slice(1), `${id.slice(1)}-`, id.replace('0', 'g')]) {
      assert.equal(withBinaryArrays(echo, [[wrong]]), [[wrong]])
      const err = await database.query(echo, [[wrong]]).catch((cause: unknown) => cause)
      assert.match(String(err), 'invalid input syntax for type uuid')
    }
    assert.equal(await database.query(echo, [[id.replaceAll('-', '')]]), [{ uuid: [id] }])
  })

  it('is of the type that its parameter is first cast to, and of no other', () => {
    const other = statement('', 'select $1::varchar[], $1::text[], $2::int[], $3::uuid, $4::text[]')
    const values = [['a'], [1], id, 'no array']
    assert.equal(withBinaryArrays(other, values), values)
    const dates = [new Date(0)]
    assert.equal(withBinaryArrays(statement('', 'select $1::text[]'), [dates]), [dates])
  })
})
