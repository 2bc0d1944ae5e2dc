/** `part` of `tokens` at a price of its own. At equal prices the split changes no bit of the cost. */
export function twoPriceCost(tokens: number, price: number, part: number, partPrice: number): number {
  return part === 0 || partPrice === price ? tokens * price : (tokens - part) * price + part * partPrice
}
