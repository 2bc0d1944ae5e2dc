/** Below it, and above 0, a price is that of a token and not of a million, USD per million tokens: no budget would ever be spent. */
export const USD_PER_MTOK_MIN = 1e-4

/** Whether a price is that of one token. */
export function isPerToken(usdPerMTok: number): boolean {
  return usdPerMTok > 0 && usdPerMTok < USD_PER_MTOK_MIN
}

/** What came, and what to write in its place. */
export function perTokenText(usdPerMTok: number): string {
  return `${usdPerMTok}: if that is the price of one token, write ${Number((usdPerMTok * 1e6).toPrecision(12))}`
}
