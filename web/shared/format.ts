const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const NOTHING = '–'

type Given = number | null | undefined

/** Dollars: cents from $1 on, and three digits that say something below: `$12.35`, `$0.00123`. */
export function usd(value: Given): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING
  if (value === 0) return '$0'
  const sign = value < 0 ? '-' : ''
  const size = Math.abs(value)
  if (size >= 1000) return `${sign}$${COUNT.format(size)}`
  if (size >= 1) return `${sign}$${size.toFixed(2)}`
  if (size < 1e-7) return `${sign}$${size.toExponential(1)}`
  return `${sign}$${Number(size.toPrecision(3)).toFixed(Math.min(9, 2 - Math.floor(Math.log10(size))))}`
}

export function count(value: Given): string {
  return value === null || value === undefined ? NOTHING : COUNT.format(value)
}

export function percent(share: Given): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NOTHING
  return `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`
}

/** A number without a unit: a reward, a price. */
export function plain(value: Given, digits = 3): string {
  return value === null || value === undefined || !Number.isFinite(value) ? NOTHING : value.toFixed(digits)
}

/** Three digits that say something, whatever the size; whole numbers from 1,000 on. */
export function short(value: Given): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING
  if (value === 0) return '0'
  return Math.abs(value) >= 1000 ? COUNT.format(value) : String(Number(value.toPrecision(3)))
}

export function milliseconds(value: Given): string {
  if (value === null || value === undefined) return NOTHING
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(0)} ms`
}

/** The time of day. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** The time of day, with the date where it is another day's than `now`. */
export function time(at: number, now: number): string {
  const date = new Date(at)
  const isToday = new Date(now).toDateString() === date.toDateString()
  return isToday ? clock(at) : `${date.toLocaleDateString('en-CA')} ${clock(at)}`
}
