import type { Options } from './options.ts'
import type { Report } from './report.ts'

export type Bench = {
  shows: string
  /** About, with the defaults of the command line. It is ended when it takes three times as long. */
  minutes: number
  run: (options: Options) => Promise<Report>
}

/** What `npm run bench` can measure, in the order in which `all` does. */
export const benches = {
  purchase: {
    shows: 'purchases/s through the gateway, against pgbench making the same durable writes',
    minutes: 3,
    run: async (options) => (await import('./purchase.ts')).benchPurchase(options),
  },
  hold: {
    shows: 'holds/s through the gateway, against pgbench running the statement of a hold',
    minutes: 3,
    run: async (options) => (await import('./hold.ts')).benchHold(options),
  },
  'seat-map': {
    shows: 'the map of 20,000 seats while holds change it, against a bare server of as many bytes',
    minutes: 3,
    run: async (options) => (await import('./seat-map.ts')).benchSeatMap(options),
  },
  search: {
    shows: 'searches of 100,000 events, against their statements alone',
    minutes: 2,
    run: async (options) => (await import('./search.ts')).benchSearch(options),
  },
  herd: {
    shows: '10,000 buyers for 100 seats: exactly 100 win, and how soon the others know',
    minutes: 3,
    run: async (options) => (await import('./herd.ts')).benchHerd(options),
  },
  events: {
    shows: "deliveries/s of the emulator's Broker, against a bare reader of a Redis stream",
    minutes: 3,
    run: async (options) => (await import('./events.ts')).benchEvents(options),
  },
  growth: {
    shows:
      'purchases/s and maps beside 7 thousand, 700 thousand and 7 million seats, 1 to 64 clients',
    minutes: 12,
    run: async (options) => (await import('./growth.ts')).benchGrowth(options),
  },
  'cold-start': {
    shows: 'from spawn to the first answer of each function, against an empty node:http process',
    minutes: 1,
    run: async (options) => (await import('./cold-start.ts')).benchColdStart(options),
  },
  'waiting-room': {
    shows:
      'processor time to tell people their places: 100,000 in line, --streams of them over a stream; more than 19,000 need a higher ulimit -n',
    minutes: 3,
    run: async (options) => (await import('./waiting-room.ts')).benchWaitingRoom(options),
  },
} satisfies Record<string, Bench> as Record<string, Bench>
