export const DIMENSION = 26
export const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
  { id: 'middle', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]
/** What answers of each are worth on average. */
export const WORTHS = { small: 0.4, middle: 0.6, large: 0.8 }
/** What a request of 400 tokens and an answer of 300 costs, USD. */
export function usualCostUsd(id) {
  const { inputUsdPerMTok, outputUsdPerMTok } = MODELS.find((model) => model.id === id)
  return (400 * inputUsdPerMTok + 300 * outputUsdPerMTok) / 1e6
}
/** Its requests cost what their tokens say: a dollar for 1,000. */
export const ONE_MODEL = [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }]
