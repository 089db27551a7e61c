import { startEmulator } from '../../emulator.ts'

/** An emulator in a process of its own, which a test can kill: its options stand in the first argument. */
const { program, environment, ...options } = JSON.parse(process.argv[2] ?? '{}')
const { brokerUrl, url } = await startEmulator({
  ...options,
  command: () => ({ file: process.execPath, args: [program] }),
  environment: () => environment,
  say: (line) => console.log(line),
})
process.send?.({ brokerUrl, url })
process.on('disconnect', () => process.exit(0))
