import type { Script } from '../../src/gateway/node/simulated/plan.js'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'

interface Priced {
  readonly id: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
}

const FILE = new URL('../../examples/prices.mjs', import.meta.url).href
const { prices, names } = (await import(FILE)) as {
  readonly prices: readonly Priced[]
  readonly names: Readonly<Record<string, string>>
}
/** The models of examples/prices.mjs by the names that their provider has for them. */
export const MODELS: readonly Priced[] = prices.map((model) => ({ ...model, id: names[model.id] }))

/** A provider that has these models, and charges each kind of tokens as its side. */
export function startProvider(script?: Script): Promise<Upstream> {
  const listed = MODELS.map(({ id, inputUsdPerMTok: input, outputUsdPerMTok: output }) => {
    const kinds = {
      inputUsdPerMTok: input,
      cachedInputUsdPerMTok: input,
      cacheWrite5mUsdPerMTok: input,
      cacheWrite1hUsdPerMTok: input,
      audioInputUsdPerMTok: input,
      imageInputUsdPerMTok: input,
      outputUsdPerMTok: output,
      reasoningUsdPerMTok: output,
      audioOutputUsdPerMTok: output,
    }
    return [id, kinds] as const
  })
  return startUpstream({ prices: Object.fromEntries(listed), ...(script ? { script } : {}) })
}
