export const DIMENSION = 26
export const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
  { id: 'middle', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]
/** Its requests cost what their tokens say: a dollar for 1,000. */
export const ONE_MODEL = [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }]
