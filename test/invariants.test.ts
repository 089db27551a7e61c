import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { describe } from '../functions/_runtime/test.ts'
import { invariants } from '../scripts/invariants/titles.ts'

describe('docs/invariants.md', (it) => {
  it('names the invariants of the code and their violations, in the same order, with what to do', () => {
    const page = readFileSync('docs/invariants.md', 'utf8')
    const [, ...sections] = page.split(/^### /m)
    const documented = sections.map((section) => {
      const [heading = ''] = section.split('\n')
      const rows = [...section.matchAll(/^\| (.+?) \| (.{10,}) \|$/gm)]
      return [
        heading,
        ...rows.map(([, violation]) => violation).filter((one) => one !== 'violation'),
      ]
    })
    const coded = Object.entries(invariants).map(([id, { title, violations }]) => [
      `${id} ${title}`,
      ...violations,
    ])
    assert.equal(documented, coded)
  })
})
