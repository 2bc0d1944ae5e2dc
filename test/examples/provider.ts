import type { Script } from '../../src/gateway/node/simulated/plan.js'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'

interface Listed {
  readonly id: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
}

/** What examples/prices.mjs exports. */
interface ExamplePrices {
  readonly prices: readonly Listed[]
  readonly names: Readonly<Record<string, string>>
}

const FILE = new URL('../../examples/prices.mjs', import.meta.url).href

/** A provider that has the models of the examples, and charges what examples/prices.mjs says: each kind as its side. */
export async function startProvider(script?: Script): Promise<Upstream> {
  const { names, prices } = (await import(FILE)) as ExamplePrices
  const listed = prices.map(({ id, inputUsdPerMTok: input, outputUsdPerMTok: output }) => {
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
    return [names[id], kinds] as const
  })
  return startUpstream({ prices: Object.fromEntries(listed), ...(script ? { script } : {}) })
}
