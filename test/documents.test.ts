import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { inDatabase, withClient } from '../compose/local/databases.ts'
import { events } from '../contracts/events.ts'
import { databaseOwners, functionNames, type FunctionName } from '../contracts/functions.ts'
import type { Route } from '../contracts/route.ts'
import { routes } from '../contracts/routes.ts'
import {
  commonSettings,
  databaseSettings,
  readSettings,
  redisSettings,
} from '../functions/_runtime/settings.ts'
import { describe } from '../functions/_runtime/test.ts'
import { endTesting, testDatabase } from '../functions/_runtime/testing/services.ts'
import { migrationsOf } from '../scripts/migrations.ts'
import { codesIn, filesNamed, filesOf, readReadme } from './readme.ts'

const readmeOf = (name: FunctionName) => readReadme(`functions/${name}`)

/** As a README writes it: `GET /v1/tickets/:file.png`. */
const spelled = ({ method, path }: Route) =>
  `${method} ${path.replaceAll(/\{\.\+\\+(\.\w+)\}/g, '$1')}`

/** What every function answers besides its contracts. */
const isCommon = (route: string) =>
  /^GET \/(health|ready|metrics|debug\/\w+)$|^POST \/$/.test(route)

describe("a function's README", (it) => {
  it('names each of its routes, who may call what is inside only, and no other route', () => {
    for (const name of functionNames) {
      const own = routes.filter(({ route }) => route.owner === name).map(({ route }) => route)
      const rows = readmeOf(name).table('route')
      const written = rows.flatMap(([cell = '', who = '']) =>
        codesIn(cell).map((code) => ({ code: code.replace(/\?.*/, ''), who })),
      )
      assert.equal(
        written
          .filter(({ code }) => !isCommon(code))
          .map(({ code }) => code)
          .toSorted(),
        own.map(spelled).toSorted(),
        name,
      )
      for (const route of own) {
        const { who } = written.find(({ code }) => code === spelled(route)) ?? { who: '' }
        const isInside = typeof route.access === 'object' && 'functions' in route.access
        const callers = functionNames.filter((one) => who.split(', ').includes(one))
        const allowed = isInside ? (route.access as { functions: FunctionName[] }).functions : []
        assert.equal(callers, [...allowed], `${name}: ${spelled(route)} is for ${who}`)
      }
    }
  })

  it('names each CloudEvent that comes in or goes out, and no other', () => {
    const typeOf = (word: string) =>
      word.startsWith('dev.') ? word : `dev.boxoffice.${word}${/\.v\d$/.test(word) ? '' : '.v1'}`
    for (const name of functionNames) {
      const written = (direction: string) =>
        readmeOf(name)
          .table(direction)
          .flatMap(([cell = '']) => codesIn(cell).map(typeOf))
          .toSorted()
      const all = Object.entries(events)
      const known = (isHis: (event: (typeof all)[number][1]) => boolean) =>
        all.flatMap(([type, event]) => (isHis(event) ? [type] : [])).toSorted()
      assert.equal(
        written('in'),
        known(({ to }) => to.some((one) => one === name)),
        `${name}, in`,
      )
      assert.equal(
        written('out'),
        known(({ from }) => from === name),
        `${name}, out`,
      )
    }
  })

  it('mentions no route and no CloudEvent that does not exist', () => {
    const paths = new Set(routes.map(({ route }) => spelled(route)))
    const things = new Set(Object.keys(events).map((type) => type.split('.')[2]))
    for (const name of functionNames)
      for (const code of codesIn(readmeOf(name).text)) {
        if (/^(GET|POST|PUT|PATCH|DELETE) \//.test(code))
          assert.ok(paths.has(code.replace(/\?.*/, '')) || isCommon(code), `${name}: ${code}`)
        const [thing = '', what = ''] = code.split('.')
        if (/^[a-z]+\.[a-z]+$/.test(code) && things.has(thing) && !isFile.test(code))
          assert.ok(`dev.boxoffice.${thing}.${what}.v1` in events, `${name}: ${code}`)
      }
  })

  it('names no file that does not exist', () => {
    const others = globSync(['knative/**/*.yaml', 'scripts/*.ts'])
    for (const page of globSync('{functions/*,compose/*,seed,contracts}/README.md')) {
      const folder = dirname(page)
      // The runtime's tells of the files that every function has.
      const whose = folder === 'functions/_runtime' ? '{.,../orders}' : '.'
      const files = [...globSync(`${whose}/**/*.{ts,yaml,csv,sql}`, { cwd: folder }), ...others]
      for (const code of codesIn(readReadme(folder).text))
        if (isFile.test(code) && !/[*<>= ]/.test(code))
          assert.ok(
            files.some((file) => `/${file}`.endsWith(`/${code}`)),
            `${folder}: ${code}`,
          )
    }
  })
})

const isFile = /\.(ts|yaml|csv|sql)$/

describe('settings in a README', (it) => {
  const secret = 'of thirty-two characters or more'
  const given = {
    BROKER_URL: 'http://127.0.0.1:8081/boxoffice/default',
    SERVICE_KEY: secret,
    EVENT_KEY: secret,
    DATABASE_URL: 'postgres://127.0.0.1',
    REDIS_URL: 'redis://127.0.0.1',
    KEY_SECRET: secret,
    CONTACT_KEY: secret,
    TICKET_KEY: secret,
    SMTP_URL: 'smtp://127.0.0.1',
    MAIL_FROM: 'tickets@example.org',
    SANDBOX_URL: 'http://127.0.0.1:8090',
    SANDBOX_WEBHOOK_KEY: secret,
    ADMISSION_KEY: secret,
  }
  type Read = (env: Record<string, string>) => Record<string, unknown>
  const common = { ...commonSettings, ...databaseSettings, ...redisSettings }

  /** A dash stands for a setting that must be given; any other default changes nothing when it is given. */
  function compare(where: string, read: Read, names: string[], rows: string[][]): void {
    const written = rows.map(([cell = '', value = '']) => [codesIn(cell).join(), value] as const)
    assert.equal(written.map(([name]) => name).toSorted(), names.toSorted(), where)
    for (const [name, cell] of written) {
      const { [name as keyof typeof given]: _, ...others } = given
      const text = cell.replaceAll('`', '')
      if (text === '–') assert.throws(() => read(others), name, `${where}: ${name} is required`)
      else
        assert.equal(
          read(text === '' ? others : { ...others, [name]: text }),
          read(others),
          `${where}: ${name} is not ${text} by default`,
        )
    }
  }

  it('are those of its config.ts, with their defaults', async () => {
    for (const name of functionNames) {
      const { readConfig } = (await import(`../functions/${name}/config.ts`)) as {
        readConfig: Read
      }
      const own = Object.keys(readConfig(given)).filter((setting) => !(setting in common))
      compare(name, readConfig, own, readmeOf(name).table('setting'))
    }
  })

  it('are, in that of the runtime, those that all functions share', () => {
    const rows = readReadme('functions/_runtime').table('setting')
    compare('_runtime', (env) => readSettings(common, env), Object.keys(common), rows)
  })
})

describe('the ER diagram in a README', (it) => {
  it.after(() => endTesting())

  it('has every table and column of the migrations, with its type and keys, and no other', async () => {
    for (const name of databaseOwners) {
      const tables = await tablesOf(name)
      const plumbing = Object.keys(tables).filter((table) => /^(inbox|outbox.*)$/.test(table))
      const readme = readmeOf(name)
      assert.equal(readme.beside(), plumbing.toSorted(), name)
      const { tables: drawn, joined } = readme.diagram()
      for (const table of [...plumbing, 'migrations']) delete tables[table]
      assert.equal(Object.keys(drawn).toSorted(), Object.keys(tables).toSorted(), name)
      for (const [table, columns] of Object.entries(drawn)) {
        const lines = columns.map(({ type, name: column, keys }) =>
          [column, type, ...keys.filter((key) => key !== 'UK')].join(' '),
        )
        assert.equal(lines.toSorted(), tables[table]?.toSorted(), `${name}.${table}`)
      }
      assert.ok(
        joined.every((table) => table in drawn),
        `${name}: ${joined.join()}`,
      )
    }
  })

  /** Each column as the diagram writes it: `id uuid PK`. Those that Postgres generates are not shown. */
  async function tablesOf(name: FunctionName): Promise<Record<string, string[]>> {
    const url = await testDatabase(name, await migrationsOf(name))
    const rows = await withClient(
      inDatabase(url, new URL(url).pathname.slice(1)),
      async (client) => {
        const { rows: found } = await client.query<{ table: string; column: string }>(columnsQuery)
        return found
      },
    )
    const grouped = Object.groupBy(rows, ({ table }) => table)
    return Object.fromEntries(
      Object.entries(grouped).map(([table, own]) => [table, own?.map((row) => row.column) ?? []]),
    )
  }
})

const columnsQuery = `
  select c.relname as table, concat_ws(' ', a.attname,
    case t.typname when 'int4' then 'int' when 'int8' then 'bigint' when 'bool' then 'boolean'
      when 'bpchar' then 'char' when '_text' then 'text_array' when '_uuid' then 'uuid_array'
      when '_int4' then 'int_array' when '_int8' then 'bigint_array' else t.typname end,
    case when exists (select from pg_constraint k
      where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any(k.conkey)) then 'PK' end,
    case when exists (select from pg_constraint k
      where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any(k.conkey)) then 'FK' end
  ) as column
  from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
  where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attgenerated = ''`

describe('a map of files', (it) => {
  it('names each file of its folder, and no other', () => {
    for (const folder of ['functions/_runtime', 'contracts', 'compose/local', 'compose/emulator'])
      assert.equal(filesNamed(folder, readReadme(folder).table('file')), filesOf(folder), folder)
  })
})

describe('docs/security.md', (it) => {
  const text = readFileSync('docs/security.md', 'utf8')
  const section = (heading: string) =>
    text.split(/^## /m).find((one) => one.startsWith(heading)) ?? ''
  const rowsOf = (heading: string) =>
    [...section(heading).matchAll(/^\| (?!---)(.*) \|$/gm)]
      .slice(1)
      .map(([, row = '']) => row.split(' | '))
  const linksIn = (part: string) => [...part.matchAll(/\]\(([^)]+)\)/g)].map(([, to = '']) => to)

  it('leads to files and headings that there are', () => {
    const anchorsOf = (page: string) =>
      [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
    for (const link of linksIn(text)) {
      const [file = '', anchor] = link.split('#')
      const path = file === '' ? 'docs/security.md' : join('docs', file)
      assert.ok(existsSync(path), link)
      if (anchor) assert.ok(anchorsOf(readFileSync(path, 'utf8')).includes(anchor), link)
    }
  })

  it('says of each threat which code meets it and which test would notice', () => {
    const rows = rowsOf('Threats')
    assert.ok(rows.length > 25, `${rows.length} threats`)
    for (const [threat = '', , code = '', tests = ''] of rows) {
      assert.ok(
        linksIn(code).some((link) => !link.includes('.test.')),
        threat,
      )
      assert.ok(linksIn(tests).length > 0, threat)
      for (const link of linksIn(tests)) assert.match(link, /\.test\.ts$/, threat)
    }
  })

  it('names each of the ten risks of OWASP once, with its tests, and the double booking of ASVS', () => {
    const rows = rowsOf('OWASP')
    const names = rows.map(([risk = '']) => risk.split(' ')[0])
    assert.equal(
      names,
      Array.from({ length: 10 }, (_, i) => `API${i + 1}`),
    )
    for (const [risk = '', here = ''] of rows)
      assert.ok(
        linksIn(here).some((link) => link.includes('.test.')),
        risk,
      )
    assert.match(section('ASVS'), 'V2.3.4')
    for (const [requirement = '', , by = ''] of rowsOf('ASVS')) assert.ok(by !== '', requirement)
  })
})
