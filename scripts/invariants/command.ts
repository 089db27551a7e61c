import {
  checkInvariants,
  createTokenMemory,
  type CheckOptions,
  type Places,
  type Report,
} from './check.ts'

const print = (line: string) => console.log(line)
const progress = (line: string) => console.error(line)

type Output = { json?: boolean; graceMs?: number }

/** Looks once, prints what it saw and gives the exit code: 1 with a violation, 2 where something could not be read. */
export async function lookOnce(
  places: Places,
  { json = false, graceMs }: Output = {},
): Promise<number> {
  const options: CheckOptions = {
    moment: 'quiet',
    say: progress,
    ...(graceMs === undefined ? {} : { graceMs }),
  }
  const report = await checkInvariants(places, options)
  if (json) print(JSON.stringify(report, null, 2))
  else printReport(report)
  return codeOf(report)
}

/** Looks each second at what holds at every instant, until it is aborted; gives the worst exit code. */
export async function watch(
  places: Places,
  { json = false }: Output,
  signal: AbortSignal,
): Promise<number> {
  const tokens = createTokenMemory()
  let code = 0
  let looks = 0
  while (!signal.aborted) {
    const report = await checkInvariants(places, { moment: 'any', tokens })
    const found = codeOf(report)
    code = found === 1 || code === 1 ? 1 : Math.max(code, found)
    looks++
    if (json) print(JSON.stringify({ at: new Date().toISOString(), ...report }))
    else if (found > 0) printReport(report)
    else if (looks % 60 === 1) progress(`${looks} looks, nothing is wrong`)
    await pause(1000, signal)
  }
  progress(`${looks} looks`)
  return code
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

/** A violation is known even where something else could not be read. */
const codeOf = ({ violations, unread }: Report): number =>
  violations.length > 0 ? 1 : unread.length > 0 ? 2 : 0

function printReport({ checks, violations, skipped, unread }: Report): void {
  const unreadable = new Set(unread.map(({ invariant }) => invariant))
  for (const { invariant, title, rows, imported, ms } of checks) {
    const broken = violations.filter((one) => one.invariant === invariant)
    const word = broken.length > 0 ? 'FAIL' : unreadable.has(invariant) ? '?   ' : 'ok  '
    const history = imported > 0 ? `, ${imported} imported` : ''
    print(`${word} ${invariant.padEnd(3)} ${title} (${rows}${history}, ${ms} ms)`)
    for (const { title: what, facts } of broken) print(`       ${what} ${JSON.stringify(facts)}`)
  }
  for (const { invariant, why } of skipped) print(`skip ${invariant.padEnd(3)} ${why}`)
  for (const { invariant, why } of unread) print(`?    ${invariant.padEnd(3)} ${why}`)
  const seen = `${violations.length} violations`
  print(unread.length > 0 ? `${seen}, and not all could be read` : seen)
}
