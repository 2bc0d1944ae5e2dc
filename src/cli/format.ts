/** Dollars to three significant digits, without an exponent for anything a request could cost. */
export function usd(value: number | null): string {
  if (value === null) return '-'
  const magnitude = Math.abs(value)
  const sign = value < 0 ? '-' : ''
  if (magnitude === 0) return '$0'
  if (magnitude < 1e-10 || magnitude >= 1e9) return `${sign}$${magnitude.toPrecision(3)}`
  const decimals = Math.max(2, 2 - Math.floor(Math.log10(magnitude)))
  return `${sign}$${magnitude.toFixed(decimals)}`
}

/** A number with this many decimals, `-` for none; no sign on a zero. */
export function fixed(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals).replace(/^-(0\.?0*)$/, '$1')
}

export function percent(share: number | null): string {
  return share === null ? '-' : `${(100 * share).toFixed(1)} %`
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
