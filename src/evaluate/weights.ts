import type { Row } from './population.js'

/** What a policy would do with the rows of a log, and what the log says of that. */
export interface Weighing {
  /** Rows that estimates are over, as indices: those for which the policy would do something that the log supports. */
  readonly kept: Int32Array
  /** pi(a_i|x_i) / p_i times `inclusions`. */
  readonly weights: Float64Array
  /** 1 / (share of the model's rows that are known) for a kept row whose outcome is known, else 0: 1 on average. */
  readonly inclusions: Float64Array
  /** Chances of every model at every kept row, modelCount a row; unsupported models have none. */
  readonly chances: Float64Array
  /** Mean chance of models that the log does not support: not eligible, or of no known outcome. */
  readonly unsupportedShare: number
  /** Share of rows at which the policy could have done what was done. */
  readonly matchedShare: number
}

/** What of an outcome is known: for each row whether it is, and for each model how often. */
export interface Observed {
  readonly known: Uint8Array
  /** Share of a model's rows whose outcome is known. */
  readonly rates: Float64Array
}

/**
 * Weighs the rows of a log for a policy. Missing outcomes are taken to be missing at random given the model, so a known
 * one counts for 1 / (share of the model's rows that are known).
 * @param choose writes the policy's chances for a row, over all models; null stands for the logged policy itself
 */
export function weigh(
  rows: readonly Row[],
  { known, rates }: Observed,
  choose: ((row: Row, i: number, chances: Float64Array) => void) | null,
): Weighing {
  const modelCount = rates.length
  const kept = new Int32Array(rows.length)
  const weights = new Float64Array(rows.length)
  const inclusions = new Float64Array(rows.length)
  const chances = new Float64Array(rows.length * modelCount)
  const wanted = new Float64Array(modelCount)
  let count = 0
  let unsupported = 0
  let matched = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    wanted.fill(0)
    if (choose === null) wanted[row.model] = 1
    else choose(row, i, wanted)
    let supported = 0
    for (const model of row.eligible) if (rates[model] > 0) supported += wanted[model]
    // Chances that add up to 1 but for rounding are whole.
    unsupported += supported > 1 - 1e-12 ? 0 : 1 - supported
    if (supported === 0) continue
    for (const model of row.eligible) {
      if (rates[model] > 0) chances[count * modelCount + model] = wanted[model] / supported
    }
    const chance = chances[count * modelCount + row.model]
    if (chance > 0) matched++
    const propensity = choose === null ? 1 : (row.propensity ?? 1)
    inclusions[count] = known[i] === 1 ? 1 / rates[row.model] : 0
    weights[count] = (chance / propensity) * inclusions[count]
    kept[count++] = i
  }
  return {
    kept: kept.subarray(0, count),
    weights: weights.subarray(0, count),
    inclusions: inclusions.subarray(0, count),
    chances: chances.subarray(0, count * modelCount),
    unsupportedShare: unsupported / rows.length,
    matchedShare: matched / rows.length,
  }
}
