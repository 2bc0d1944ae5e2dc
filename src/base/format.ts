/** Dollars: cents from $1 on, three digits that say something below, without an exponent for anything a request could cost. */
export function usd(amount: number): string {
  const size = Math.abs(amount)
  const sign = amount < 0 ? '-' : ''
  if (size === 0) return '$0'
  if (size < 1e-10 || size >= 1e9) return `${sign}$${size.toPrecision(3)}`
  // What rounds up to the next power of ten has one digit less: 0.09999 is $0.100.
  const decimals = Math.max(2, 2 - Math.floor(Math.log10(Number(size.toPrecision(3)))))
  return `${sign}$${size.toFixed(decimals).replace(/\B(?=(?:\d{3})+\.)/g, ',')}`
}

/** The same within a sentence: without zeros at its end. */
export function usdInText(amount: number): string {
  return usd(amount)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}

/** Whole percent, with a decimal for shares below a tenth. */
export function percent(share: number, decimals = share > 0 && share < 0.0995 ? 1 : 0): string {
  return `${(100 * share).toFixed(decimals)} %`
}

/** How many of what: `1 model`, `2 models`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The first of some names, and how many more there are: `a, b and 3 more`. */
export function someOf(names: readonly string[], shownMax = 8): string {
  const more = names.length - shownMax
  return names.slice(0, shownMax).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
