import type { People, Person } from './people.ts'
import type { Random } from './random.ts'
import { cancelSale, pause, type Sale } from './sales.ts'
import { play, type Diary } from './stories.ts'
import type { World } from './world.ts'

export type LoadOptions = {
  world: World
  people: People
  organizer: Person
  /** One after the other is sold; the first of them is cancelled on the way. */
  sales: readonly Sale[]
  diary: Diary
  random: Random
  seconds: number
}

const buyersAtOnce = 16

/** Has people buy for `seconds`; gives once the last of them has gone. What breaks in here is a bug of the harness. */
export async function sell(options: LoadOptions): Promise<void> {
  const { world, people, organizer, sales, diary, random, seconds } = options
  const start = performance.now()
  const passed = () => (performance.now() - start) / 1000 / seconds
  const isOver = () => passed() >= 1
  const saleNow = () => {
    const open = sales.filter(({ cancelledMs }) => cancelledMs === undefined)
    return open[Math.min(open.length - 1, Math.floor(passed() * open.length))] as Sale
  }

  async function buyer(chance: Random): Promise<void> {
    while (!isOver()) {
      const person = await people.person()
      await play({
        person,
        sale: saleNow(),
        random: chance,
        diary,
        bankUrl: world.stack.bankUrl,
        isOver,
      })
      await pause(chance.next() * 200)
    }
  }

  async function cancelOne(): Promise<void> {
    const [first] = sales
    if (sales.length < 2 || !first) return
    while (passed() < 0.55) await pause(100)
    await cancelSale(organizer, first, isOver)
  }

  await Promise.all([
    cancelOne(),
    ...Array.from({ length: buyersAtOnce }, (_, i) => buyer(random.fork(`buyer ${i}`))),
  ])
}
