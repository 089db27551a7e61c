import { commandLine, wholeNumber } from './command-line.ts'

const usage = `npm run bench -- WHAT [--seconds N] [--runs N] [--clients N] [--streams N]

  purchase     purchases a second through the gateway, against the floor: pgbench making the same durable writes
  cold-start   from spawn to the first answer of each function, against an empty node:http process
  waiting-room processor time to tell people their places: 100,000 in line, N of them over a stream; more than
               19,000 streams need a higher ulimit -n

All start everything they need in a folder of their own, print a table and, last, one line of JSON.`

const { positionals, values } = commandLine(usage, {
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '3' },
    clients: { type: 'string', default: '64' },
    streams: { type: 'string', default: '10000' },
  },
})
const [what] = positionals
const options = {
  seconds: wholeNumber('--seconds', values.seconds, [1, 300]),
  runs: wholeNumber('--runs', values.runs, [1, 50]),
  clients: wholeNumber('--clients', values.clients, [1, 1024]),
  streams: wholeNumber('--streams', values.streams, [1, 100_000]),
}

if (what === 'purchase') await (await import('./bench/purchase.ts')).benchPurchase(options)
else if (what === 'cold-start')
  await (await import('./bench/cold-start.ts')).benchColdStart(options)
else if (what === 'waiting-room')
  await (await import('./bench/waiting-room.ts')).benchWaitingRoom(options)
else {
  console.error(usage)
  process.exitCode = 2
}
