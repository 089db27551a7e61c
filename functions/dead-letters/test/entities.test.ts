import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { DeadLetter } from '../dead-letter.ts'
import { deadHeaders, look, openDeadLetters, type DeadLetters } from './support.ts'

describe('entities', (it) => {
  let sink: DeadLetters
  it.before(async () => (sink = await openDeadLetters()))
  it.after(() => sink.close())

  it('read what the statements wrote, in a schema whose name has a hyphen', async () => {
    const headers = deadHeaders()
    assert.is((await sink.post(headers, '{"a":1}')).status, 204)
    const em = await sink.deps.database.em()
    const letter = await em.findOneOrFail(DeadLetter, { eventId: headers['ce-id'] as string })
    assert.equal(
      [letter.functionName, letter.code, letter.attributes.sig, letter.data.toString()],
      ['tickets', 400, 'a signature', '{"a":1}'],
    )
    assert.is(await look(sink.deps.database, 'select current_schema()'), 'dead-letters')
  })
})
