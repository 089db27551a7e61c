import * as z from 'zod'

/** Parts of a label such as `Balcony-C-12`; the hyphen separates them, so no part may hold one. */
export const LabelPart = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} .]{0,23}$/u, 'letters, digits, spaces')

const Row = z.strictObject({
  name: LabelPart,
  /** Inclusive ranges of seat numbers; a gap between two ranges is an aisle. */
  ranges: z
    .array(z.tuple([z.int().min(1).max(9999), z.int().min(1).max(9999)]))
    .min(1)
    .max(20),
})

const Section = z
  .strictObject({
    name: LabelPart,
    priceZone: LabelPart,
    rows: z.array(Row).min(1).max(200).optional(),
    standing: z.strictObject({ capacity: z.int().min(1).max(100_000) }).optional(),
  })
  .refine((section) => !section.rows !== !section.standing, 'has either rows or standing room')
  .meta({ oneOf: [{ required: ['rows'] }, { required: ['standing'] }] })

export const seatsMax = 100_000

export const Layout = z
  .strictObject({ sections: z.array(Section).max(200) })
  .superRefine(checkLayout)
  .meta({ id: 'Layout', description: 'Rows and ranges of seats, and standing areas, best first' })
export type Layout = z.infer<typeof Layout>

/** How many people a layout has room for. */
export function capacityOf(layout: Layout): number {
  return layout.sections.reduce(
    (sum, section) =>
      sum +
      (section.standing?.capacity ?? 0) +
      (section.rows ?? [])
        .flatMap((row) => row.ranges)
        .reduce((seats, [from, to]) => seats + Math.max(0, to - from + 1), 0),
    0,
  )
}

function checkLayout(layout: { sections: z.infer<typeof Section>[] }, context: z.RefinementCtx) {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message })
  const seen = new Set<string>()
  const once = (name: string, path: (string | number)[]) => {
    if (seen.has(name)) refuse(path, `${name} occurs twice`)
    seen.add(name)
  }
  layout.sections.forEach((section, s) => {
    once(section.name, ['sections', s, 'name'])
    section.rows?.forEach((row, r) => {
      once(`${section.name}-${row.name}`, ['sections', s, 'rows', r, 'name'])
      const sorted = row.ranges.toSorted(([a], [b]) => a - b)
      const overlaps = sorted.some(([from], i) => i > 0 && from <= (sorted[i - 1]?.[1] ?? 0))
      if (overlaps || row.ranges.some(([from, to]) => from > to))
        refuse(['sections', s, 'rows', r, 'ranges'], 'ranges run upwards and do not overlap')
    })
  })
  if (capacityOf(layout) > seatsMax) refuse(['sections'], `has room for more than ${seatsMax}`)
}
