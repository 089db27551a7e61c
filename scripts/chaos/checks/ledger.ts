/** What the bank took and gave back for an order, in minor units. */
export type Ledger = { of(orderId: string): { taken: number; back: number }; refunds: number }

type Entry = {
  type: string
  key?: string
  status?: string
  charge?: { id: string; key: string; status: string; amountMinor: number }
  refund?: { chargeId: string; amountMinor: number }
}

/** Reads the whole ledger of the sandbox bank, whose word stands against ours. */
export async function readLedger(bankUrl: string): Promise<Ledger> {
  const response = await fetch(`${bankUrl}/ledger`, { signal: AbortSignal.timeout(30_000) })
  const { entries } = (await response.json()) as { entries: Entry[] }
  const charges = new Map<string, { key: string; amountMinor: number; isTaken: boolean }>()
  const byKey = new Map<string, string>()
  const back = new Map<string, number>()
  let refunds = 0
  for (const { type, key = '', status, charge, refund } of entries) {
    if (charge) {
      const isTaken = charge.status === 'succeeded'
      charges.set(charge.id, { key: charge.key, amountMinor: charge.amountMinor, isTaken })
      byKey.set(charge.key, charge.id)
    }
    const decided = type === 'charge.decided' && charges.get(byKey.get(key) ?? '')
    if (decided) decided.isTaken = status === 'succeeded'
    if (!refund) continue
    refunds += 1
    back.set(refund.chargeId, (back.get(refund.chargeId) ?? 0) + refund.amountMinor)
  }
  const sums = new Map<string, { taken: number; back: number }>()
  for (const [id, { key, amountMinor, isTaken }] of charges) {
    // A payer's later attempts carry a number behind the order's id.
    const orderId = key.split(':', 1)[0] as string
    const sum = sums.get(orderId) ?? { taken: 0, back: 0 }
    sum.taken += isTaken ? amountMinor : 0
    sum.back += back.get(id) ?? 0
    sums.set(orderId, sum)
  }
  return { of: (orderId) => sums.get(orderId) ?? { taken: 0, back: 0 }, refunds }
}
