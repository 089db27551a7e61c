import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { problems } from '../problems.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/problems.md'), 'utf8')

/** Every `### code` of the page, with the line `**status** · title` that follows it. */
const entries = page
  .split(/^### /m)
  .slice(1)
  .map((text) => {
    const [, code = text, status, title] = /^(.+)\n\n\*\*(\d+)\*\* · (.+)\n/.exec(text) ?? []
    return { code, status: Number(status), title, text }
  })

describe('docs/problems.md', (it) => {
  it('has exactly one entry for each code of the contract, and no other', () => {
    const written = entries.map(({ code }) => code).toSorted()
    assert.equal(written, Object.keys(problems).toSorted())
  })

  it('gives each code the status and the title that its answer has', () => {
    const written = entries.map(({ code, status, title }) => [code, { status, title }])
    assert.equal(Object.fromEntries(written), problems)
  })

  it('says of each when it happens, what comes next and which facts it carries', () => {
    const lacking = entries.filter(({ text }) =>
      ['When', 'Next', 'Facts'].some((word) => !text.includes(`\n- ${word}: `)),
    )
    assert.equal(
      lacking.map(({ code }) => code),
      [],
    )
  })

  it('puts each entry under the heading of its status', () => {
    const sections = page.split(/^## /m).slice(1)
    const misplaced = entries.filter(
      ({ code, status }) =>
        !sections.some(
          (text) => text.startsWith(`${status}\n`) && text.includes(`\n### ${code}\n`),
        ),
    )
    assert.equal(
      misplaced.map(({ code }) => code),
      [],
    )
  })
})
