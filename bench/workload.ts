import { gaussian, mulberry32 } from '../src/base/random.js'
import type { ModelSpec } from '../src/index.js'

/** Exploration weight of every row that does not say another. */
export const ALPHA = 0.05
export const GAMMA = 0.997
export const LAMBDA0 = 1
/** So generous that the shadow price stays 0 and every model is a candidate of every request. */
export const BUDGET_USD_PER_REQUEST = 0.02
/** For policy `dollar`: this part of what is spent where no budget limits it, so that a shadow price is looked for. */
export const DOLLAR_BUDGET_SHARE = 0.7
/** Distinct contexts, more than caches of first and second level hold. */
const CONTEXTS = 4096
/** Standard deviation of the arms' true mean rewards, and of the noise on each reward. */
const MEAN_SPREAD = 0.1
const NOISE = 0.1

/** How much is timed between two readings of the clock. */
export interface Pace {
  readonly operationsMax: number
  /** Of one sample, roughly. */
  readonly multiplications: number
}

/** About 50 us a sample: reading Node's clock (some 50 ns) does not show. */
export const NODE_PACE: Pace = { operationsMax: 64, multiplications: 2 ** 18 }
/** About 1 ms a sample: a browser's clock goes in steps of 5 us even for an isolated page. */
export const BROWSER_PACE: Pace = { operationsMax: 1024, multiplications: 2 ** 22 }

/** Distinct contexts: a whitened vector and a bias of 1, as the encoder gives them. */
export function makeContexts(dimension: number, seed: number): Float64Array[] {
  const random = mulberry32(seed)
  return Array.from({ length: CONTEXTS }, () => {
    const context = Float64Array.from({ length: dimension }, () => gaussian(random))
    context[dimension - 1] = 1
    return context
  })
}

/** The arms' true mean rewards, around 0.5. */
export function trueMeans(models: number): Float64Array {
  const random = mulberry32(31)
  return Float64Array.from({ length: models }, () => 0.5 + MEAN_SPREAD * gaussian(random))
}

/** Noise of 4,096 rewards, to be taken in turn. */
export function makeNoise(): Float64Array {
  const random = mulberry32(37)
  return Float64Array.from({ length: CONTEXTS }, () => NOISE * gaussian(random))
}

/** List prices spread evenly on a logarithmic scale, 0.1 to 10 USD per million tokens out. */
export function makeModels(count: number): ModelSpec[] {
  return Array.from({ length: count }, (_, i) => {
    const outputUsdPerMTok = 0.1 * 100 ** (i / Math.max(1, count - 1))
    return { id: `model-${i}`, inputUsdPerMTok: outputUsdPerMTok / 4, outputUsdPerMTok }
  })
}

/** Operations in one sample, where each takes this many multiplications. */
export function batchSize(multiplications: number, pace: Pace): number {
  return Math.max(1, Math.min(pace.operationsMax, Math.round(pace.multiplications / multiplications)))
}

/** Fewer where the routing that each sample needs first would take most of the run. */
export function feedbackBatchSize(dimension: number, models: number, pace: Pace): number {
  return batchSize(dimension ** 2 * Math.max(1, models / 16), pace)
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
