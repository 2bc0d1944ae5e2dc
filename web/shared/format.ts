import * as base from '../../src/base/format.js'

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const NOTHING = '–'

type Given = number | null | undefined

/** Dollars, as commands write them. */
export function usd(value: Given): string {
  return isNumber(value) ? base.usd(value) : NOTHING
}

export function count(value: Given): string {
  return value === null || value === undefined ? NOTHING : COUNT.format(value)
}

/** How many of what: `1 model`, `1,200 models`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** What is not 0 is not written as 0. */
export function percent(share: Given): string {
  if (!isNumber(share)) return NOTHING
  return share > 0 && share < 0.0005 ? 'under 0.1 %' : base.percent(share)
}

/** A number without a unit: a reward, a price. */
export function plain(value: Given, digits = 3): string {
  return isNumber(value) ? value.toFixed(digits) : NOTHING
}

/** Three digits that say something, whatever the size; whole numbers from 1,000 on. */
export function short(value: Given): string {
  if (!isNumber(value)) return NOTHING
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

function isNumber(value: Given): value is number {
  return Number.isFinite(value)
}
