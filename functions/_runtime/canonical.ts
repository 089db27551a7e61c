/**
 * JSON with its keys sorted, in the spirit of RFC 8785: two bodies that mean the same give the same text,
 * however a client or a Broker wrote them.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    let fields = ''
    for (const name of Object.keys(value).toSorted()) {
      const field = (value as Record<string, unknown>)[name]
      if (field === undefined) continue
      fields += `${fields === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(field)}`
    }
    return `{${fields}}`
  }
  return JSON.stringify(value ?? null)
}
