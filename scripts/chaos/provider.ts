import { asItIs, openHttpProxy, type HttpProxy } from './http-proxy.ts'
import type { Random } from './random.ts'

/** How the payment provider behaves, each with its chance a request. */
export type Manners = {
  /** 500, and nothing was done. */
  refuse: number
  /** Done, and then 500. */
  break: number
  /** Done, and then no answer. */
  silent: number
  /** Everything takes up to a few seconds. */
  late: number
  /** A refund is refused this often before it is done. */
  refundsRefused: number
  /** A webhook comes more than once, late, or its answer is lost and it comes again. */
  webhooks: number
}

export const polite: Manners = {
  refuse: 0,
  break: 0,
  silent: 0,
  late: 0,
  refundsRefused: 0,
  webhooks: 0,
}

export type ProviderFaults = {
  manners: Manners
  counts: { refused: number; unknown: number; refundsRefused: number; webhooksRepeated: number }
  /** In place of the bank. */
  bankPort: number
  /** In place of what takes the bank's webhooks. */
  webhookPort: number
  close(): Promise<void>
}

const lateMsMax = 4000
const refusedMax = 2000

/** Two proxies: before the bank, and before whoever hears of it. */
export async function openProviderFaults(
  random: Random,
  ports: { bank: () => number; webhooks: () => number },
): Promise<ProviderFaults> {
  const counts = { refused: 0, unknown: 0, refundsRefused: 0, webhooksRepeated: 0 }
  const faults = { manners: polite, counts }
  const refusals = new Map<string, number>()

  const bank = await openHttpProxy({
    target: ports.bank,
    plan({ method, path, key }) {
      const { manners } = faults
      const refused = refusals.get(key) ?? 0
      if (path === '/refunds' && refused < manners.refundsRefused && refusals.size < refusedMax) {
        refusals.set(key, refused + 1)
        counts.refundsRefused += 1
        return { refuse: true }
      }
      if (random.happens(manners.refuse)) {
        counts.refused += 1
        return { refuse: true }
      }
      const lateMs = random.happens(manners.late) ? random.next() * lateMsMax : 0
      if (method !== 'POST') return { ...asItIs, lateMs }
      const ending = random.happens(manners.break)
        ? 'break'
        : random.happens(manners.silent)
          ? 'none'
          : 'answer'
      if (ending !== 'answer' && path === '/charges') counts.unknown += 1
      return { refuse: false, lateMs, times: 1, ending }
    },
  })
  const webhooks = await openHttpProxy({
    target: ports.webhooks,
    plan() {
      if (!random.happens(faults.manners.webhooks)) return asItIs
      counts.webhooksRepeated += 1
      const times = random.between(1, 3)
      const ending = random.happens(0.5) ? 'break' : 'answer'
      return { refuse: false, lateMs: random.next() * lateMsMax, times, ending }
    },
  })
  return Object.assign(faults, {
    bankPort: bank.port,
    webhookPort: webhooks.port,
    close: () => closeAll([bank, webhooks]),
  })
}

const closeAll = async (proxies: HttpProxy[]) => {
  await Promise.all(proxies.map((proxy) => proxy.close()))
}
