import type { Row } from '../form.ts'
import type { Kind } from './places.ts'
import type { Random } from './random.ts'
import { dayAt } from './times.ts'

type Show = {
  type: string
  kinds: readonly Kind[]
  /** When it may begin, in Indian time. */
  hours: readonly (readonly [number, number])[]
  /** The cheapest seat, in rupees. */
  priceFrom: number
  priceTo: number
  titles: readonly string[]
}

const shows: readonly Show[] = [
  {
    type: 'Concert',
    kinds: ['stage', 'arena'],
    hours: [
      [19, 0],
      [19, 30],
      [20, 0],
    ],
    priceFrom: 800,
    priceTo: 3000,
    titles: [
      'Monsoon Ragas by Candlelight',
      'Ira Sen and the Paper Boats',
      'Sitar at Sundown',
      'Night Train: Songs of the Konkan',
      'The Mridangam Summit',
      'Velvet Static Live',
      'A Hundred Years of Film Songs',
      'Qawwali under the Stars',
      'Strings of the Deccan',
      'Kaveri Quartet plays Bach',
    ],
  },
  {
    type: 'Play',
    kinds: ['stage'],
    hours: [
      [18, 30],
      [19, 0],
      [19, 30],
    ],
    priceFrom: 300,
    priceTo: 1200,
    titles: [
      'The Lighthouse Keeper of Diu',
      'A Letter to Malgudi Road',
      'Three Umbrellas',
      'The Last Tram to Ballygunge',
      'Chai for Two Strangers',
      'The Weaver and the Moon',
      'House of Unsent Letters',
      'The Inspector Comes on Tuesday',
      'Salt Winds',
      'Half a Mango Tree',
    ],
  },
  {
    type: 'Stand-up',
    kinds: ['club', 'stage'],
    hours: [
      [20, 0],
      [20, 30],
      [21, 0],
    ],
    priceFrom: 400,
    priceTo: 1500,
    titles: [
      'Rehan Mistry: Slightly Early',
      'Log Kya Kahenge: The Special',
      'Tanvi Rao Has Questions',
      'Open Mic Finals',
      'Arranged Disasters',
      'Desi Roast Night',
      'My Landlord and Other Animals',
      'Three Comics and a Cooker',
      'Buffering: A Comedy Hour',
      'Uncle Jokes Only',
    ],
  },
  {
    type: 'Sports',
    kinds: ['arena'],
    hours: [
      [16, 0],
      [17, 30],
      [19, 30],
    ],
    priceFrom: 500,
    priceTo: 2500,
    titles: [
      'Kabaddi: Pune Panthers v Delhi Dynamos',
      'National Badminton Finals',
      'Basketball: Harbour Hawks v Lake City',
      'City Boxing Championship',
      'Table Tennis Masters Night',
      'Volleyball Super Six',
      'Wrestling: The Akhada Cup',
      'Futsal Premier Final',
      'Kabaddi: Mumbai Tides v Deccan Bulls',
      'Gymnastics All-India Open',
    ],
  },
  {
    type: 'Conference',
    kinds: ['rooms'],
    hours: [
      [9, 30],
      [10, 0],
    ],
    priceFrom: 1500,
    priceTo: 5000,
    titles: [
      'Postgres Days India',
      'Serverless in the Small',
      'The Climate Data Forum',
      'Women in Hardware',
      'Public Transport Summit',
      'Design Systems Week',
      'Rural Health Conference',
      'The Rust and Systems Meeting',
      'Fintech Without Fraud',
      'Museums and Memory',
    ],
  },
  {
    type: 'Workshop',
    kinds: ['rooms', 'club'],
    hours: [
      [10, 0],
      [11, 0],
      [14, 0],
    ],
    priceFrom: 600,
    priceTo: 2500,
    titles: [
      'Block Printing for Beginners',
      'Writing the Short Story',
      'Sourdough in a Hot Kitchen',
      'Tabla: The First Sixteen Beats',
      'Repair Your Own Bicycle',
      'Watercolour Landscapes',
      'Public Speaking in a Day',
      'Home Electronics without Fear',
      'Screenwriting Lab',
      'Kathak for Absolute Beginners',
    ],
  },
]

/** The day on which the data set was made, as far as the events know. */
const today = '2026-10-01'

/** How many of each status, and how many days ahead they are. */
const statuses = {
  ON_SALE: { count: 20, days: [21, 210] },
  SCHEDULED: { count: 18, days: [90, 330] },
  SOLD_OUT: { count: 11, days: [7, 90] },
  CANCELLED: { count: 11, days: [7, 150] },
} as const

/** Sixty events, ten of each type, at venues that are made for them. */
export function makeEvents(random: Random, venuesOf: (kind: Kind) => string[]): Row[] {
  const titled = shows.flatMap((show) => show.titles.map((title) => ({ show, title })))
  const fates = random.shuffled(
    Object.entries(statuses).flatMap(([status, { count, days }]) =>
      Array.from({ length: count }, () => ({ status, days })),
    ),
  )
  return random.shuffled(titled).map(({ show, title }, i) => {
    const { status, days } = fates[i] as (typeof fates)[number]
    const steps = random.between(show.priceFrom / 50, show.priceTo / 50)
    return {
      event_id: String(i + 1),
      venue_id: random.pick(show.kinds.flatMap(venuesOf)),
      title,
      event_type: show.type,
      event_date: dayAt(today, random.between(days[0], days[1]), random.pick(show.hours)),
      // as prices are: 749, not 750
      base_price: `${steps * 50 - 1}.0`,
      status,
    }
  })
}
