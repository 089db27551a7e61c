import type {
  countDeadLetters,
  DeadLetter,
  listDeadLetters,
  replayDeadLetters,
  WholeDeadLetter,
} from '../../contracts/dead-letters.ts'
import type { Answer } from '../../contracts/route.ts'

export type Page = Answer<typeof listDeadLetters, 200>
export type Counts = Answer<typeof countDeadLetters, 200>
export type Replays = Answer<typeof replayDeadLetters, 200>

/** Whoever published an event may have put anything into it: a terminal gets no control characters of theirs. */
const plain = (text: string): string => text.replaceAll(/[^\P{Cc}\n]/gu, '\ufffd')

const line = (...cells: (string | number | null)[]) =>
  console.log(plain(cells.map((cell) => cell ?? '-').join('  ')).replaceAll('\n', ' '))

const shortType = (type: string) => type.replace(/^dev\.boxoffice\./, '')

type Place = Pick<DeadLetter, 'function' | 'destination'>
const placeOf = (one: Place) => one.function ?? one.destination ?? 'unknown'

/** A page of dead letters, a line each. */
export function printList({ items, page, size, total }: Page): void {
  for (const one of items) {
    const type = shortType(one.event.type)
    line(one.id, one.diedAt, one.state, one.code, placeOf(one), type, whyOf(one))
  }
  console.log(`${total} dead letters, page ${page} of ${Math.max(1, Math.ceil(total / size))}`)
}

/** What the answer says where it is a problem, which may have been cut off anywhere; else its beginning. */
function whyOf({ answer }: Pick<DeadLetter, 'answer'>): string {
  const [, detail] = /"detail":("(?:[^"\\]|\\.)*")/.exec(answer ?? '') ?? []
  return detail === undefined ? (answer ?? '').slice(0, 120) : (JSON.parse(detail) as string)
}

/** Groups, the largest first. */
export function printCounts({ items, total }: Counts): void {
  for (const one of items)
    line(one.count, one.code, placeOf(one), shortType(one.type), `since ${one.oldestAt}`)
  console.log(`${total} dead letters`)
}

/** One dead letter, whole. */
export function printLetter(one: WholeDeadLetter): void {
  const { event, data } = one
  const facts: [string, string | number | null][] = [
    ['state', one.isReplaying ? `${one.state}, being replayed` : one.state],
    ['type', event.type],
    ['subject', event.subject],
    ['source', event.source],
    ['event', event.id],
    ['destination', one.destination ?? 'unknown: the Broker named none'],
    ['code', one.code],
    ['why', whyOf(one)],
    ['died', one.diedAt],
    ['came in', `${one.times} times, first ${one.firstReceivedAt}, last ${one.lastReceivedAt}`],
    ['correlation', one.correlationId],
    ['settled', one.settledAt && `${one.settledAt} by ${one.settledBy}`],
    ['reason', one.reason],
  ]
  console.log(one.id)
  for (const [name, value] of facts) line(`  ${name.padEnd(11)}`, value)
  console.log('  attributes')
  for (const [name, value] of Object.entries(one.attributes)) line(`    ${name}:`, value)
  console.log(`  data, ${one.dataBytes} bytes, ${plain(one.contentType ?? 'of no type')}`)
  console.log(plain(data === null ? one.dataBase64 : JSON.stringify(data, null, 2)))
  for (const replay of one.replays) {
    const { startedAt, via, by, outcome, code, detail } = replay
    line(`  replayed ${startedAt} via ${via} by ${by}:`, outcome ?? 'no outcome yet', code, detail)
  }
}

/** What became of one. */
export function printSettled({ id, state, replays: [last] }: WholeDeadLetter): void {
  line(id, state, last?.outcome ?? null, last?.code ?? null, last?.detail ?? null)
}

/** What came of replaying many. */
export function printReplays({ items, waiting }: Replays): void {
  for (const one of items) line(one.id, one.state, one.outcome, one.code, one.detail)
  console.log(`${items.length} replayed, ${waiting} still wait`)
}
