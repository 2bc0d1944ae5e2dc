/** Three significant digits in the unit that reads best: `812 ns`, `12.4 us`, `3.21 ms`. */
export function formatNs(ns: number): string {
  if (ns < 999.5) return `${significant(ns)} ns`
  if (ns < 999.5e3) return `${significant(ns / 1e3)} us`
  if (ns < 999.5e6) return `${significant(ns / 1e6)} ms`
  return `${significant(ns / 1e9)} s`
}

/** At least three digits, none of them past the decimal point from 100 on. */
export function significant(value: number): string {
  const decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return value.toFixed(decimals)
}

/** Whole, with commas between thousands. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function times(ratio: number): string {
  return `${ratio < 9.95 ? ratio.toFixed(ratio < 0.095 ? 2 : 1) : ratio.toFixed(0)}x`
}
