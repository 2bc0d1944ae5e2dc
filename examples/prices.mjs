// Prices of two models, USD per million tokens: made up, put in those of your provider's price list.
export const prices = [
  { id: 'small', inputUsdPerMTok: 0.25, outputUsdPerMTok: 2 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]
const { SMALL_MODEL = 'gpt-5-mini', LARGE_MODEL = 'gpt-5' } = globalThis.process?.env ?? {}
/** What they are called at the provider. */
export const names = { small: SMALL_MODEL, large: LARGE_MODEL }
export const prompt = 'Explain quantum computing to a child'
