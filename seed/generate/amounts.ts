/** Minor units as the form writes them: as few decimals as it takes, and at least one. */
export function amountText(minor: number): string {
  const text = String(minor / 100)
  return text.includes('.') ? text : `${text}.0`
}

/** Minor units of what `amountText` wrote. */
export const amountOf = (text: string): number => Math.round(Number(text) * 100)
