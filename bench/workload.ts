import type { ModelSpec } from '../src/index.js'
import { gaussian, mulberry32 } from '../src/replay/random.js'

export const ALPHA = 0.05
export const GAMMA = 0.997
export const LAMBDA0 = 1
/** So generous that the shadow price stays 0 and every model is a candidate of every request. */
export const BUDGET_USD_PER_REQUEST = 0.02

/** Distinct contexts: a whitened vector and a bias of 1, as the encoder gives them. */
export function makeContexts(dimension: number, seed: number): Float64Array[] {
  const random = mulberry32(seed)
  const count = dimension > 100 ? 1024 : 4096
  return Array.from({ length: count }, () => {
    const context = Float64Array.from({ length: dimension }, () => gaussian(random))
    context[dimension - 1] = 1
    return context
  })
}

/** List prices spread evenly on a logarithmic scale, 0.1 to 10 USD per million tokens out. */
export function makeModels(count: number): ModelSpec[] {
  return Array.from({ length: count }, (_, i) => {
    const outputUsdPerMTok = 0.1 * 100 ** (i / Math.max(1, count - 1))
    return { id: `model-${i}`, inputUsdPerMTok: outputUsdPerMTok / 4, outputUsdPerMTok }
  })
}

/**
 * Requests that everybody is taught with: some 300 an arm where there is time for them, as many for each. At large d
 * at most 500 in all, so with 1,000 models half of the arms have none; scoring and updating those is the same work. An
 * arm re-inverts its matrix once in 767 requests at gamma 0.997 (0.997^767 = 0.1), 20 ms and more, which has a row of
 * its own: a run stays below that.
 */
export function teachingRequests(dimension: number, models: number): number {
  const total = dimension > 100 ? 500 : 150_000
  return Math.min(300 * models, total)
}

/**
 * Operations in one sample: enough for about 50 us, so that reading the clock (some 50 ns) does not show.
 * @param multiplications of one operation, roughly
 */
export function batchSize(multiplications: number): number {
  return Math.max(1, Math.min(64, Math.round(2 ** 18 / multiplications)))
}

/** Fewer where the routing that each sample needs first would take most of the run. */
export function feedbackBatchSize(dimension: number, models: number): number {
  return batchSize(dimension ** 2 * Math.max(1, models / 16))
}

/** Prompts of 1,024 characters in English-like words. */
export function makeTexts(count: number, seed: number): string[] {
  const random = mulberry32(seed)
  const pick = (): string => WORDS[Math.floor(random() * WORDS.length)]
  return Array.from({ length: count }, () => {
    let text = ''
    while (text.length < 1024) text += `${pick()}${random() < 0.1 ? '. ' : ' '}`
    return text.slice(0, 1024)
  })
}

const WORDS = (
  'the a of and to in is that it for on with as this by from or an be are was which can how what when why where if ' +
  'not but all one two three please explain write function list sort number string array object return value class ' +
  'python typescript code error fix test example quantum physics energy theory history war empire king treaty river ' +
  'mountain city country language translate summary article story poem character letter email customer order price ' +
  'market budget model data table query select join index probability mean variance estimate proof theorem integral ' +
  'matrix vector equation solve compute apples train speed distance time hours minutes law court contract medicine ' +
  'patient dose symptom treatment cell protein gene chemical reaction acid recipe flour sugar oven music film actor'
).split(' ')
