import type { FirstDay } from '../../src/replay/first-day-point.js'

/** Whether a router starts with priors fitted on the train part, or from nothing. */
export type Start = 'warm' | 'cold'

/** A policy at one budget of one set, on the rows that evaluate; one entry a seed. */
export interface Run {
  readonly policy: string
  readonly start: Start
  readonly budgetIndex: number
  readonly rewards: readonly number[]
  readonly utilisations: readonly number[]
  /** Spend over budget of all requests, those before the measured rows included. Figures from older runs have none. */
  readonly utilisationsInAll?: readonly number[]
  /** From the first request on; null for a warm start. */
  readonly firstDay: FirstDay | null
}

/** What needs no router, at one budget; means over seeds. */
export interface References {
  readonly budgetUsdPerRequest: number
  readonly bound: number
  readonly trainedMix: number
  readonly linear: number
  readonly threshold: number
  readonly thresholdUtilisation: number
  readonly oracle: number
}

/** Always the same model, on the rows that evaluate; means over seeds. */
export interface FixedModel {
  readonly model: string
  readonly reward: number
  readonly costUsd: number
}

/** Everything that was measured on one set. */
export interface SetFigures {
  readonly name: string
  readonly rows: number
  readonly models: number
  /** True where every reward is 0 or 1. */
  readonly binary: boolean
  readonly fixed: readonly FixedModel[]
  readonly references: readonly References[]
  readonly runs: readonly Run[]
}

/** Two models from nothing at one budget: what the dear one got, one entry a seed. */
export interface TwoModelsRun {
  readonly policy: string
  /** Output tokens of a mean answer. */
  readonly answerTokens: number
  /** The budget in times of what the cheap model costs. */
  readonly factor: number
  /** Share of requests on the dear model that spends the budget. */
  readonly shareBought: number
  readonly shares: readonly number[]
  readonly utilisations: readonly number[]
}

/** What `scripts/datasets.mjs` measures, and what its JSON has. */
export interface Figures {
  readonly seeds: number
  readonly sets: readonly SetFigures[]
  readonly twoModels: readonly TwoModelsRun[]
}
