import type { DecisionLog, LoggedDecision } from './log.js'
import { predict, RidgeSums } from './ridge.js'

/**
 * Parts of the log that are predicted by what the other four say. Rows are dealt out in turn, so that every part sees
 * all of the time the log spans: a model that joins late is known to each.
 */
export const FOLDS = 5

export type Metric = 'reward' | 'costUsd'

/**
 * Ridge regressions of reward or cost on the context, one a model and fold: that of fold k has seen no row of fold k
 * (cross-fitting, Chernozhukov et al. 2018). A model without rows is predicted the mean of all.
 */
export class OutcomeModel {
  private readonly modelCount: number
  private readonly fits: readonly FoldFit[]

  constructor(log: DecisionLog, metric: Metric) {
    this.modelCount = log.models.length
    const sums = Array.from({ length: FOLDS * this.modelCount }, () => new RidgeSums(log.dimension))
    log.decisions.forEach((decision, row) => {
      const value = decision[metric]
      if (value !== null) sums[foldOf(row) * this.modelCount + decision.model].add(decision.context, value)
    })
    this.fits = Array.from({ length: FOLDS }, (_, fold) => this.fit(log, sums, fold))
  }

  private fit(log: DecisionLog, sums: readonly RidgeSums[], fold: number): FoldFit {
    const others = log.models.map((_, model) => {
      const merged = new RidgeSums(log.dimension)
      for (let f = 0; f < FOLDS; f++) if (f !== fold) merged.merge(sums[f * this.modelCount + model])
      return merged
    })
    const rows = others.reduce((sum, { count }) => sum + count, 0)
    const total = others.reduce((sum, each) => sum + (each.count > 0 ? each.count * each.mean : 0), 0)
    const centre = rows === 0 ? 0 : total / rows
    const thetas = others.map((each) => each.solve(centre))
    return { centre, thetas, counts: others.map(({ count }) => count) }
  }

  /** What a model is expected to do with a row, as the folds other than `fold` say. */
  predict(fold: number, model: number, { context }: LoggedDecision): number {
    const { centre, thetas } = this.fits[fold]
    return centre + predict(thetas[model], context)
  }

  /** Rows that the regression of a model was fitted on. */
  rowsOf(fold: number, model: number): number {
    return this.fits[fold].counts[model]
  }
}

interface FoldFit {
  /** Mean over all models: what is known of a model without rows. */
  readonly centre: number
  readonly thetas: readonly Float64Array[]
  readonly counts: readonly number[]
}

/** @param row index among the log's decisions */
export function foldOf(row: number): number {
  return row % FOLDS
}
