import { commandLine, refuse, wholeNumber } from '../command-line.ts'

const usage = `npm run dead-letters -- COMMAND [options]

  list                 those that match, the last death first
  counts               how many, by type, destination and code
  show ID…             with attributes, data and what was tried
  replay ID…           delivers them again; --again: also where they were settled before
  replay --all         … all that match and wait, at most --limit N (20)
  discard ID… --reason TEXT

  --type T --function F --destination URL --code N --state DEAD|REPLAYED|DISCARDED
                       which ones (list: any state; counts: DEAD)
  --page N --size N    of the list
  --url URL            the gateway (http://127.0.0.1:8080)
  --json               the answers as they are

It logs in as BOXOFFICE_EMAIL with BOXOFFICE_PASSWORD, and asks for what is missing; the account must be an admin's.
It ends with 0 where all went well, 1 where something is still dead or was refused, and 2 where nothing was done.`

const commands = ['list', 'counts', 'show', 'replay', 'discard']

/** What is wanted, or the process ends with what is wrong about it. */
export function readCommand() {
  const { values, positionals } = commandLine(usage, {
    allowPositionals: true,
    options: {
      url: { type: 'string', default: process.env.BOXOFFICE_URL ?? 'http://127.0.0.1:8080' },
      json: { type: 'boolean', default: false },
      type: { type: 'string' },
      function: { type: 'string' },
      destination: { type: 'string' },
      code: { type: 'string' },
      state: { type: 'string' },
      page: { type: 'string' },
      size: { type: 'string' },
      all: { type: 'boolean', default: false },
      again: { type: 'boolean', default: false },
      limit: { type: 'string', default: '20' },
      reason: { type: 'string' },
    },
  })
  const [command = '', ...words] = positionals
  if (!commands.includes(command)) refuse(usage)
  if (!URL.canParse(values.url)) refuse(`--url is ${values.url}; it must be a URL`)
  if (command === 'discard' && !values.reason) refuse('discard needs a --reason')
  checkWords(command, words, values.all)
  const { type, function: name, destination, code, state, page, size } = values
  const given = { type, function: name, destination, code }
  const filter: Record<string, string> = Object.fromEntries(
    Object.entries(given).filter((one): one is [string, string] => one[1] !== undefined),
  )
  if (code !== undefined) wholeNumber('--code', code, [0, 999_999_999])
  const limit = wholeNumber('--limit', values.limit, [1, 100])
  const { again, reason } = values
  const more = { state, page, size, again, limit, reason }
  return { command, words, url: values.url, isJson: values.json, filter, more }
}

/** `replay` without ids would replay everything: that has to be said. */
function checkWords(command: string, words: string[], isAll: boolean): void {
  const takesIds = ['show', 'replay', 'discard'].includes(command)
  if (!takesIds && words.length > 0) refuse(`${command} takes no ids`)
  if (isAll && (command !== 'replay' || words.length > 0)) refuse('--all goes with replay alone')
  if (takesIds && words.length === 0 && !isAll) refuse(`${command} needs the ids of dead letters`)
  const wrong = words.find((word) => !/^[0-9a-f-]{36}$/i.test(word))
  if (wrong) refuse(`${wrong} is no id`)
}
