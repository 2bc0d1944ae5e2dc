/** Places of a logarithmic axis of dollars per request: those of `steps` times powers of ten that lie within. */
export function usdTicks([low, high]: readonly number[], steps: readonly number[]): number[] {
  const decades = Array.from({ length: 19 }, (_, i) => 10 ** (i - 12))
  return decades.flatMap((usd) => steps.map((step) => usd * step)).filter((usd) => usd >= low && usd <= high)
}

/** Dollars per request at such a place, per 1,000 requests: `$0.03`, `$1`. */
export function usdTickText(usdPerRequest: number): string {
  return `$${Number((usdPerRequest * 1000).toPrecision(1))}`
}
