/**
 * JSON with its keys sorted, in the spirit of RFC 8785: two bodies that mean the same give the same text,
 * however a client or a Broker wrote them.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item ?? null)}`
    return `[${text}]`
  }
  const names = Object.keys(value)
  names.sort()
  for (const name of names) {
    const field = (value as Record<string, unknown>)[name]
    if (field === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(field)}`
  }
  return `{${text}}`
}
