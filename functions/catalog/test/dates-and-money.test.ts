import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { addVenue, draftAt, openCatalog, type Catalog } from './support.ts'

const noTimes = [
  '2027-02-29T10:00:00Z',
  '2027-02-30T10:00:00Z',
  '2100-02-29T10:00:00Z',
  '2027-04-31T10:00:00Z',
  '2027-00-10T10:00:00Z',
  '2027-13-01T10:00:00Z',
  '2027-01-01T24:00:00Z',
  '2027-01-01T10:60:00Z',
  '2026-12-31T23:59:60Z',
  '2027-01-01T10:00:00',
  '2027-01-01T10:00:00+25:00',
  '2027-01-01T10:00:00+16:00',
  '2027-01-01T10:00:00-23:59',
  '2027-01-01 10:00:00Z',
  '2027-01-01',
  '0000-01-01T10:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59-01:00',
  '+012027-01-01T10:00:00Z',
  '-2027-01-01T10:00:00Z',
  '20270101T100000Z',
  'tomorrow',
  'infinity',
  'now()',
  '1798800000',
  '',
]
const noPrices = [-1, -0.01, 1.5, 1e13, 2 ** 53, Infinity, NaN, '100', '1e3', null, true, [100], {}]
const noCurrencies = [
  '',
  'inr',
  'IN',
  'INRS',
  'I1R',
  '₹',
  'İNR',
  'INR ',
  ' INR',
  356,
  null,
  ['INR'],
]

describe('an event with an impossible', (it) => {
  let catalog: Catalog
  let venueId = ''
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  async function refused(change: Record<string, unknown>, pointer: string): Promise<void> {
    const draft = draftAt(venueId, change)
    const { status, body } = await catalog.organizer('POST', '/v1/events', draft)
    assert.equal([status, body.code], [400, 'invalid-request'], JSON.stringify(change))
    const pointers = body.errors.map((error: { pointer: string }) => error.pointer)
    assert.ok(pointers.includes(pointer), `${JSON.stringify(change)}: ${pointers}`)
  }

  it('time is refused, in each of its times', async () => {
    for (const field of ['startsAt', 'endsAt', 'onSaleAt'])
      for (const time of [...noTimes, 1_798_800_000, true, [], {}])
        await refused({ [field]: time }, `#/${field}`)
    for (const field of ['startsAt', 'endsAt']) await refused({ [field]: null }, `#/${field}`)
  })

  it('order of times is refused, across offsets too', async () => {
    const startsAt = '2027-03-28T02:30:00+01:00'
    await refused({ startsAt, endsAt: startsAt }, '#/endsAt')
    await refused({ startsAt, endsAt: '2027-03-28T03:29:59+02:00' }, '#/endsAt')
  })

  it('price is refused: money is a whole count of minor units', async () => {
    for (const price of noPrices) await refused({ prices: { Gold: price } }, '#/prices/Gold')
    for (const prices of [null, [], 'free', 0]) await refused({ prices }, '#/prices')
    for (const zone of ['', 'a-b', 'a\nb', 'x'.repeat(25)])
      await refused({ prices: { [zone]: 1 } }, `#/prices/${zone}`)
  })

  it('currency is refused', async () => {
    for (const currency of noCurrencies) await refused({ currency }, '#/currency')
  })
})

describe('an event at a time that few have thought of', (it) => {
  let catalog: Catalog
  it.before(async () => (catalog = await openCatalog()))
  it.after(() => catalog.close())

  it('is kept to the millisecond, in UTC', async () => {
    const venueId = (await addVenue(catalog.organizer)).id
    for (const [given, utc] of [
      ['2028-02-29T10:00:00Z', '2028-02-29T10:00:00.000Z'],
      // An hour that clocks in Berlin leave out, and one that they have twice: the offset says which.
      ['2027-03-28T02:30:00+01:00', '2027-03-28T01:30:00.000Z'],
      ['2027-10-31T02:30:00+02:00', '2027-10-31T00:30:00.000Z'],
      ['2027-10-31T02:30:00+01:00', '2027-10-31T01:30:00.000Z'],
      ['2027-01-01T00:00:00+05:45', '2026-12-31T18:15:00.000Z'],
      ['2027-01-01T12:00:00+15:59', '2026-12-31T20:01:00.000Z'],
      ['2027-06-01T10:00:00.123456789Z', '2027-06-01T10:00:00.123Z'],
      ['9999-12-31T22:59:59Z', '9999-12-31T22:59:59.000Z'],
    ] as const) {
      const draft = draftAt(venueId, { startsAt: given, endsAt: '9999-12-31T23:59:59.999Z' })
      const { status, body } = await catalog.organizer('POST', '/v1/events', draft)
      assert.equal([status, body.startsAt], [201, utc], given)
    }
  })

  it('costs what was said, up to the limit and down to nothing', async () => {
    const venueId = (await addVenue(catalog.organizer)).id
    for (const amount of [0, 1, 1_000_000_000_000]) {
      const draft = draftAt(venueId, { prices: { Gold: amount } })
      const { status, body } = await catalog.organizer('POST', '/v1/events', draft)
      assert.equal([status, body.prices], [201, { Gold: amount }])
    }
  })
})
