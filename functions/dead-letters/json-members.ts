/**
 * The text of each member of a JSON object, as it stands there: parsing and writing it again would change
 * numbers and spaces. Of a name that is there twice, the last one. The text must be a valid JSON object.
 */
export function jsonMembers(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let at = skip(text, text.indexOf('{') + 1)
  while (text[at] !== '}') {
    const nameEnd = endOfValue(text, at)
    const name = JSON.parse(text.slice(at, nameEnd)) as string
    const begin = skip(text, text.indexOf(':', nameEnd) + 1)
    const end = endOfValue(text, begin)
    members.set(name, text.slice(begin, end))
    at = skip(text, end)
  }
  return members
}

/** Past spaces and commas. */
function skip(text: string, from: number): number {
  let at = from
  while (' \t\r\n,'.includes(text[at] ?? '}')) at++
  return at
}

function endOfValue(text: string, from: number): number {
  if (text[from] === '"') return endOfString(text, from)
  if (text[from] !== '{' && text[from] !== '[') return endOfWord(text, from)
  let depth = 0
  for (let at = from; ; at++) {
    const character = text[at]
    if (character === '"') at = endOfString(text, at) - 1
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1
  }
}

function endOfString(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** A number, `true`, `false` or `null`. */
function endOfWord(text: string, from: number): number {
  let at = from
  while (/[\w.+-]/.test(text[at] ?? '')) at++
  return at
}
