/**
 * What would come of a value on a way through JSON, without the text in between: a copy, times as texts, and nothing
 * that is undefined. `check` sees each name and value, as JSON.parse's reviver does, and may throw.
 */
export function overJson(
  value: unknown,
  check?: (name: string, value: unknown) => unknown,
): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') throw new TypeError('JSON has no bigint')
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return overJson(value.toJSON(), check)
  if (Array.isArray(value)) {
    return value.map((item: unknown) => {
      check?.('', item)
      return overJson(item, check) ?? null
    })
  }
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name]
    check?.(name, member)
    const copied = overJson(member, check)
    if (copied !== undefined && name !== '__proto__') copy[name] = copied
  }
  return copy
}
