import { ParetoBanditError } from '../../../src/base/errors.js'
import type { Encoder } from '../../../src/features/encoder.js'
import type { ModelSpec } from '../../../src/models/model.js'
import { type OutcomeRow, parseOutcomes } from '../../../src/replay/dataset.js'
import { simulateWorkload } from '../../../src/replay/simulate/workload.js'
import { buildTable, meanCostsUsd, type OutcomeTable } from '../../../src/replay/table.js'
import { BUDGET_RANGE, MODELS_MAX, type Setting } from './setting.js'

/** Recorded outcomes that are played, and how they are described to the page. */
export interface PlayData {
  readonly name: string
  readonly simulated: boolean
  readonly table: OutcomeTable
  /** Rows that lack an outcome of some model. */
  readonly leftOut: number
  /** False where the file has features of its own: a typed prompt has none. */
  readonly takesPrompts: boolean
  /** What is played when nobody has set anything. */
  readonly usual: Setting
}

/** Middle of the budgets that the scenarios of `replay` are played at, USD per request. */
const SIMULATED_BUDGET_USD = 6.6e-4
const USUAL_RATE = 1000
const USUAL_SEED = 1
/** Tokens of a request that prices are made from where a file has none: what a router assumes of one. */
const TOKENS_ASSUMED = 600

/** The workload that `npm start` plays, with all of its models. */
export function simulatedData(encoder: Encoder): PlayData {
  const { models, rows } = simulateWorkload(encoder)
  const table = buildTable(rows, models, null, 'the simulated workload')
  const usual = usualSetting(table, SIMULATED_BUDGET_USD)
  return { name: 'a simulated workload', simulated: true, table, leftOut: 0, takesPrompts: true, usual }
}

/**
 * Reads outcomes in the format of `replay --data`. Features of the file are taken where every row has them, else prompts
 * are encoded. The file has no prices: they are made from the mean costs.
 * @throws DATA_INVALID naming file and line, what was expected and what came
 */
export function dataFromText(text: string, name: string, encoder: Encoder): PlayData {
  const rows = parseOutcomes(text, name)
  const specs = modelsOf(rows, name)
  const isEncoded = rows.some(({ features }) => features === null)
  const unpriced = buildTable(rows, specs, isEncoded ? encoder : null, name)
  const means = meanCostsUsd(unpriced)
  const models = specs.map(({ id }, m): ModelSpec => {
    const usdPerMTok = (means[m] / TOKENS_ASSUMED) * 1e6
    return { id, inputUsdPerMTok: usdPerMTok, outputUsdPerMTok: usdPerMTok }
  })
  const positive = means.filter((usd) => usd > 0)
  const [low, high] = positive.length === 0 ? [1e-6, 1e-6] : [Math.min(...positive), Math.max(...positive)]
  const table = { ...unpriced, models }
  const middle = Math.min(BUDGET_RANGE[1], Math.max(BUDGET_RANGE[0], Math.sqrt(low * high)))
  const usual = usualSetting(table, Number(middle.toPrecision(2)))
  const leftOut = rows.length - table.size
  return { name, simulated: false, table, leftOut, takesPrompts: isEncoded, usual }
}

function usualSetting({ models }: OutcomeTable, budgetUsdPerRequest: number): Setting {
  return {
    budgetUsdPerRequest,
    requestsPerSecond: USUAL_RATE,
    seed: USUAL_SEED,
    models: models.map(({ id }) => ({ id, base: id, priceFactor: 1, qualityFactor: 1, state: 'in' })),
  }
}

/** Models of the rows, in the order in which they come, without prices. */
function modelsOf(rows: readonly OutcomeRow[], name: string): ModelSpec[] {
  const ids = [...new Set(rows.flatMap(({ outcomes }) => Object.keys(outcomes)))]
  if (ids.length === 0 || ids.length > MODELS_MAX) {
    const message = `expected outcomes of 1 to ${MODELS_MAX} models, got ${ids.length}`
    throw new ParetoBanditError('DATA_INVALID', name, message)
  }
  return ids.map((id) => ({ id, inputUsdPerMTok: 0, outputUsdPerMTok: 0 }))
}
