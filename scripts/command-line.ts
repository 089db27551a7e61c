import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The options and words of a command. A wrong one ends the process with code 2, what is wrong, and the usage. */
export function commandLine<const Config extends ParseArgsConfig>(usage: string, config: Config) {
  try {
    if (!(config.args ?? process.argv).includes('--help')) return parseArgs(config)
    console.log(usage)
  } catch (err) {
    refuse(`${err instanceof Error ? err.message : String(err)}\n\n${usage}`)
  }
  return process.exit(0)
}

/** A whole number between two limits, or the process ends with code 2 and says so. */
export function wholeNumber(name: string, text: string, [min, max]: [number, number]): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isInteger(number) && number >= min && number <= max)
    return number
  return refuse(`${name} must be a whole number from ${min} to ${max}, not "${text}"`)
}

/** Ends the process with code 2: its user asked for something that cannot be done. */
export function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
