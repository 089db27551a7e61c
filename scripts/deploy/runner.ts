import { spawn } from 'node:child_process'

export type Command = {
  argv: readonly [string, ...string[]]
  /** What it reads on standard input. */
  input?: string
  secondsMax?: number
  /** The objects in it, for people. */
  reads?: string[]
  /** It changes nothing, so it runs in a dry run too. */
  isReading?: boolean
  /** What stands for its output where it is not run. */
  instead?: string
}

/** Runs commands one after the other and gives what each printed; throws with the command and its last lines. */
export type Runner = {
  run(command: Command): Promise<string>
  pause(seconds: number): Promise<void>
}

const shown = ({ argv, reads }: Command) =>
  [`$ ${argv.map(quoted).join(' ')}`, ...(reads ?? []).map((name) => `    ${name}`)].join('\n')

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

export const realRunner = (say: (line: string) => void): Runner => ({
  run(command) {
    say(shown(command))
    return execute(command)
  },
  pause: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
})

export const dryRunner = (say: (line: string) => void): Runner => ({
  async run(command) {
    say(shown(command))
    return command.isReading ? execute(command) : (command.instead ?? '')
  },
  async pause(seconds) {
    say(`(${seconds} s)`)
  },
})

const toldMax = 4000

async function execute({ argv, input = '', secondsMax = 300 }: Command): Promise<string> {
  const [file, ...args] = argv
  const limit = AbortSignal.timeout(secondsMax * 1000)
  const child = spawn(file, args, { signal: limit })
  let output = ''
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (told = (told + chunk.toString()).slice(-toldMax)))
  // A command that ends without reading is told by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const failure = await new Promise<string | null>((resolve) => {
    child.once('error', (err) =>
      resolve(limit.aborted ? `took longer than ${secondsMax} s` : err.message),
    )
    child.once('close', (code, signal) =>
      resolve(code === 0 ? null : signal ? `was ended by ${signal}` : `ended with ${code}`),
    )
  })
  if (failure === null) return output.trim()
  const why = (told || output.slice(-toldMax)).trim()
  throw new Error(`${argv.slice(0, 4).join(' ')} ${failure}${why ? `: ${why}` : ''}`)
}
