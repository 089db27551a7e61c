import type { Random } from './random.ts'

/** What a venue is good for. */
export type Kind = 'stage' | 'arena' | 'club' | 'rooms'

const places: readonly (readonly [name: string, city: string, kind: Kind, capacity: number])[] = [
  ['Sahyadri Auditorium', 'Pune', 'stage', 640],
  ['Mula Riverside Arena', 'Pune', 'arena', 1850],
  ['The Brick Cellar', 'Pune', 'club', 220],
  ['Koliwada Playhouse', 'Mumbai', 'stage', 520],
  ['Harbour Line Arena', 'Mumbai', 'arena', 1920],
  ['Green Room Andheri', 'Mumbai', 'club', 240],
  ['Yamuna Convention Centre', 'Delhi', 'rooms', 1400],
  ['Old Fort Theatre', 'Delhi', 'stage', 700],
  ['Banyan Tech Park Hall', 'Bengaluru', 'rooms', 900],
  ['Lakeview Indoor Stadium', 'Bengaluru', 'arena', 1600],
  ['Hooghly House of Drama', 'Kolkata', 'stage', 480],
  ['Tramway Comedy Club', 'Kolkata', 'club', 210],
  ['Deccan Knowledge Hub', 'Hyderabad', 'rooms', 760],
  ['Sabarmati Sports Hall', 'Ahmedabad', 'arena', 1280],
  ['Coromandel Music Hall', 'Chennai', 'stage', 820],
]

/** The venues, and the numbers of those of a kind. */
export function makeVenues(random: Random) {
  const shuffled = random.shuffled(places)
  const rows = shuffled.map(([name, city, , capacity], i) => ({
    venue_id: String(i + 1),
    name,
    city,
    capacity: String(capacity),
  }))
  const ofKind = (kind: Kind) =>
    shuffled.flatMap((place, i) => (place[2] === kind ? [String(i + 1)] : []))
  return { rows, ofKind }
}
