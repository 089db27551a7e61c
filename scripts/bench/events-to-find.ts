import { withClient } from '../../compose/local/databases.ts'

/** The query of a search. */
export type Search = {
  q?: string
  city?: string
  type?: string
  status?: 'ON_SALE' | 'SCHEDULED'
  page?: string
  sort?: '-startsAt' | 'title'
}

const kinds = ['Concert', 'Play', 'Opera', 'Comedy', 'Cricket', 'Football', 'Ballet', 'Conference']
const cities =
  'Mumbai Delhi Bengaluru Hyderabad Ahmedabad Chennai Kolkata Surat Pune Jaipur Lucknow Kanpur Nagpur Indore Bhopal Patna Vadodara Agra Nashik Kochi'.split(
    ' ',
  )
const given =
  'Asha Kishore Lata Mohan Zakir Ravi Anoushka Shreya Arijit Sunidhi Vishal Neha Prateek Nucleya Divine Ritviz Raja Usha Hariprasad Bismillah'.split(
    ' ',
  )
const family =
  'Bhosle Kumar Menon Hussain Shankar Ghoshal Singh Chauhan Dadlani Kakkar Kuhad Sagar Verma Srivastava Uthup Chaurasia Khan Iyer Nair Reddy'.split(
    ' ',
  )
const shows = 'Live|World Tour|Unplugged|An Evening with|Festival|The Musical|Farewell|Premiere'

/** What people type: a name, a name and a place, a kind of show in a city, the first page of all, a typo. */
export const searches: Search[] = [
  ...given.map((name) => ({ q: name.toLowerCase() })),
  ...family.map((name, i) => ({ q: `${given[(i * 7) % given.length]} ${name}` })),
  ...cities.map((city, i) => ({ q: `${family[i]} ${city}` })),
  ...cities.map((city, i) => ({ city, type: kinds[i % kinds.length] ?? '' })),
  ...cities.map((city) => ({ city, q: 'festival' })),
  ...cities.map((city) => ({ city, status: 'ON_SALE' as const })),
  ...['world tour', 'unplugged', 'arena', 'farewell premiere', 'shakespear', 'beethovn'].map(
    (q) => ({ q }),
  ),
  ...['1', '2', '3'].map((page) => ({ page })),
  { sort: 'title' },
  { type: 'Opera', sort: '-startsAt' },
]

/** Many events over a year, in 400 venues, by set statements. */
export async function fillCatalogue(url: string, events: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('set statement_timeout = 0')
    await client.query(
      `insert into venues (id, name, city, capacity, layout)
       select uuidv7(), (array['Arena', 'Theatre', 'Stadium', 'Hall', 'Gardens'])[1 + i % 5] || ' ' || i,
         ($1::text[])[1 + i % 20], 2000, '{"sections": []}'
       from generate_series(1, 400) as i`,
      [cities],
    )
    await client.query(
      `insert into events (id, title, type, description, venue_id, venue_name, city, status, starts_at,
         ends_at, currency, prices, layout_version)
       select uuidv7(),
         ($2::text[])[1 + i % 20] || ' ' || ($3::text[])[1 + i / 20 % 20] || ': '
           || ($4::text[])[1 + i / 400 % 8] || ' ' || i,
         ($5::text[])[1 + i / 3 % 8], repeat('What to expect. ', 20), v.id, v.name, v.city,
         (array['ON_SALE', 'ON_SALE', 'SCHEDULED', 'ON_SALE', 'DRAFT', 'ON_SALE', 'ON_SALE', 'CANCELLED'])[1 + i % 8],
         now() + make_interval(mins => i * 5), now() + make_interval(mins => i * 5 + 120), 'INR', '{}', 1
       from generate_series(1, $1::int) as i
         join (select *, row_number() over (order by id) as place from venues) v on v.place = 1 + i * 7 % 400`,
      [events, given, family, shows.split('|'), kinds],
    )
    await client.query('vacuum analyze events')
  })
}
