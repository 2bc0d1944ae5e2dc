import { ParetoBanditError } from '../base/errors.js'
import type { Encoder } from '../features/encoder.js'
import type { ModelSpec } from '../models/model.js'
import type { OutcomeRow } from './dataset.js'

/** Recorded outcomes of the models of a run, as arrays: the shape that strategies are played on. */
export interface OutcomeTable {
  readonly models: readonly ModelSpec[]
  readonly size: number
  readonly dimension: number
  /** Context of each row: `dimension` numbers, bias included. */
  readonly contexts: readonly Float64Array[]
  /** Reward of model m on row i at [i * models.length + m]. */
  readonly rewards: Float64Array
  /** Cost in USD of model m on row i at [i * models.length + m]. */
  readonly costsUsd: Float64Array
}

/**
 * Keeps the rows that have an outcome of every model of the run, in their order.
 * @param encoder makes the contexts from the prompts, once a row; null takes the stored features
 * @param name how errors call the data
 * @throws DATA_INVALID when no row is left, or a row has no stored features, or some without a bias, or no prompt to encode
 */
export function buildTable(
  rows: readonly OutcomeRow[],
  models: readonly ModelSpec[],
  encoder: Encoder | null,
  name: string,
): OutcomeTable {
  const kept = rows.filter((row) => models.every((model) => row.outcomes[model.id] !== undefined))
  if (kept.length === 0) throw noRowsLeft(rows, models, name)
  const contexts = encoder === null ? storedContexts(kept, name) : encodedContexts(kept, encoder, name)
  const rewards = new Float64Array(kept.length * models.length)
  const costsUsd = new Float64Array(kept.length * models.length)
  kept.forEach((row, i) => {
    models.forEach((model, m) => {
      const outcome = row.outcomes[model.id]
      if (outcome === undefined) return
      rewards[i * models.length + m] = outcome.reward
      costsUsd[i * models.length + m] = outcome.costUsd
    })
  })
  return { models, size: kept.length, dimension: contexts[0].length, contexts, rewards, costsUsd }
}

/** Mean cost of each model over all rows of a table, USD per request. */
export function meanCostsUsd(table: OutcomeTable): number[] {
  const count = table.models.length
  return table.models.map((_, m) => {
    let sum = 0
    for (let i = 0; i < table.size; i++) sum += table.costsUsd[i * count + m]
    return sum / table.size
  })
}

function storedContexts(rows: readonly OutcomeRow[], name: string): Float64Array[] {
  return rows.map((row) => {
    if (row.features === null) {
      const message = `row '${row.id}' has no stored features; encode the prompts instead (--features encode)`
      throw new ParetoBanditError('DATA_INVALID', name, message)
    }
    const last = row.features[row.features.length - 1]
    if (last !== 1) {
      const message = `row '${row.id}': expected features that end with 1, the bias, got ${last}; append it to those of all rows, or encode the prompts instead (--features encode)`
      throw new ParetoBanditError('DATA_INVALID', name, message)
    }
    return Float64Array.from(row.features)
  })
}

/** Rows of contexts alone have no prompt: features that the same encoder made are what it would make. */
function encodedContexts(rows: readonly OutcomeRow[], encoder: Encoder, name: string): Float64Array[] {
  return rows.map((row) => {
    if (row.prompt.trim() === '') {
      if (row.features !== null && row.encoder === encoder.name) return Float64Array.from(row.features)
      const rest =
        row.features === null ? ', and no features' : '; its features are played without --features encode'
      throw new ParetoBanditError('DATA_INVALID', name, `row '${row.id}' has no prompt to encode${rest}`)
    }
    const context = new Float64Array(encoder.dimension)
    encoder.encodeInto(row.prompt, context, 0)
    return context
  })
}

function noRowsLeft(
  rows: readonly OutcomeRow[],
  models: readonly ModelSpec[],
  name: string,
): ParetoBanditError {
  const counts = models.map((model) => {
    const having = rows.filter((row) => row.outcomes[model.id] !== undefined).length
    return `${model.id} ${having}`
  })
  const message = `no row has an outcome of every model; rows per model, of ${rows.length}: ${counts.join(', ')}`
  return new ParetoBanditError('DATA_INVALID', name, message)
}
