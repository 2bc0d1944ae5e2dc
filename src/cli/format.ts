import * as base from '../base/format.js'

export { plural } from '../base/format.js'

/** Dollars, `-` for none. */
export function usd(value: number | null): string {
  return value === null ? '-' : base.usd(value)
}

/** A number with this many decimals, `-` for none; no sign on a zero. */
export function fixed(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals).replace(/^-(0\.?0*)$/, '$1')
}

/** Percent with one decimal, `-` for none. */
export function percent(share: number | null): string {
  return share === null ? '-' : base.percent(share, 1)
}
