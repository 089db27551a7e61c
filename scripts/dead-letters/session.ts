import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Asks the gateway as an admin. Throws Refused where it is answered with a problem. */
export type Ask = <Body>(method: string, path: string, body?: unknown) => Promise<Body>

/** A refusal, as a sentence. */
export class Refused extends Error {
  override name = 'Refused'
}

const answerMsMax = 30_000

/** Logs in with what the environment says, and asks for what it does not. */
export async function logIn(url: string): Promise<Ask> {
  const { BOXOFFICE_EMAIL, BOXOFFICE_PASSWORD } = process.env
  const email = BOXOFFICE_EMAIL || (await prompt('e-mail: ', false))
  const password = BOXOFFICE_PASSWORD || (await prompt('password: ', true))
  const { accessToken } = await asking(url)<{ accessToken: string }>('POST', '/v1/auth/login', {
    email,
    password,
  })
  return asking(url, accessToken)
}

const asking =
  (url: string, token?: string): Ask =>
  async <Body>(method: string, path: string, body?: unknown) => {
    const answer = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMsMax),
    }).catch((err: unknown) => {
      throw new Error(`${url} does not answer: ${reasonOf(err)}`, { cause: err })
    })
    const read: unknown = await answer.json().catch(() => ({}))
    if (!answer.ok) throw new Refused(sentenceOf(answer.status, read as Problem))
    return read as Body
  }

type Problem = { code?: string; detail?: string; errors?: { pointer: string; detail: string }[] }

function sentenceOf(status: number, { code = '', detail = '', errors = [] }: Problem): string {
  const places = errors.map((one) => `\n  ${one.pointer}: ${one.detail}`)
  return `${status} ${code}: ${detail}${places.join('')}`
}

const reasonOf = (err: unknown) => {
  const { message, cause } = err as Error
  return cause instanceof Error && cause.message ? cause.message : message
}

/** On standard error, so that `--json` can be piped; what is typed as a password is not shown. */
async function prompt(question: string, isHidden: boolean): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Error('set BOXOFFICE_EMAIL and BOXOFFICE_PASSWORD: there is no terminal to ask at')
  if (isHidden) process.stderr.write(question)
  const output = isHidden ? new Writable({ write: (_, __, done) => done() }) : process.stderr
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  // Ctrl-C and Ctrl-D close it; the question would then never be answered.
  const giveUp = () => process.exit(130)
  lines.once('close', giveUp)
  const answer = await lines.question(isHidden ? '' : question)
  lines.off('close', giveUp)
  lines.close()
  if (isHidden) process.stderr.write('\n')
  return answer
}
