import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { codeOf, ticketOfCode } from '../codes.ts'

const key = 'k'.repeat(32)

describe('the code of a ticket', (it) => {
  it('is the same today and tomorrow for one ticket and one key', () => {
    const code = codeOf(key, '019aa1b2-0000-7000-8000-000000000001')
    assert.is(code, 'BX1.AZqhsgAAcACAAAAAAAAAAQ.7od44a84JoFrLKvKm_c4XA')
  })

  it('leads back to its ticket', () => {
    for (let i = 0; i < 100; i++) {
      const id = newId()
      assert.is(ticketOfCode(key, codeOf(key, id)), id)
    }
  })

  it('differs by ticket and by key', () => {
    const id = newId()
    assert.is.not(codeOf(key, id), codeOf(key, newId()))
    assert.is.not(codeOf(key, id), codeOf('l'.repeat(32), id))
    assert.is(ticketOfCode('l'.repeat(32), codeOf(key, id)), undefined)
  })

  it('is refused when any character of it is another one', () => {
    const code = codeOf(key, newId())
    for (let i = 0; i < code.length; i++) {
      const other = code[i] === 'A' ? 'B' : 'A'
      const forged = code.slice(0, i) + other + code.slice(i + 1)
      assert.is(ticketOfCode(key, forged), undefined, `character ${i}`)
    }
  })

  it('is refused in another spelling of the same bytes', () => {
    const code = codeOf(key, '019aa1b2-0000-7000-8000-000000000001')
    const [, id = '', signature = ''] = code.split('.')
    const spelled = `${id.slice(0, -1)}R`
    assert.equal(Buffer.from(spelled, 'base64url'), Buffer.from(id, 'base64url'))
    assert.is(ticketOfCode(key, `BX1.${spelled}.${signature}`), undefined)
  })

  it('is refused when it is no code at all', () => {
    const code = codeOf(key, newId())
    for (const given of [
      '',
      'BX1',
      'BX1..',
      code.toLowerCase(),
      ` ${code}`,
      `${code}\n`,
      'x'.repeat(9999),
    ])
      assert.is(ticketOfCode(key, given), undefined, JSON.stringify(given.slice(0, 60)))
  })
})
