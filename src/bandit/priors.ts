/** Offline sufficient statistics of one model: A_off = I + sum x x^T (packed upper triangle), b_off = sum r x. */
export interface ModelPrior {
  /** Outcomes that it is made of. */
  readonly rows: number
  /** A_off, its upper triangle by rows: d(d+1)/2 numbers. */
  readonly precision: readonly number[]
  /** b_off, d numbers. */
  readonly response: readonly number[]
  /** Sum of r^2: with it features are trusted as far as the rows say. Left out by files from before it was kept. */
  readonly squares?: number | undefined
  /** What prompts cost on this model: the same sums over the rows with a cost above 0, of ln(costUsd). */
  readonly settled?: SettledPrior | undefined
}

/** A_off = I + sum x x^T, b_off = sum ln(costUsd) x, and the sum of ln(costUsd)^2. */
export interface SettledPrior {
  /** Outcomes with a cost above 0. */
  readonly rows: number
  /** A_off, its upper triangle by rows: d(d+1)/2 numbers. */
  readonly precision: readonly number[]
  /** b_off, d numbers. */
  readonly response: readonly number[]
  /** Sum of ln(costUsd)^2. */
  readonly squares: number
  /** Mean of what the prompts are estimated to be, tokens; left out where contexts were given in place of prompts. */
  readonly inputTokens?: number
}

/** Warm-up priors as they are saved: plain JSON, see docs/MATH.md. */
export interface Priors {
  readonly format: 'paretobandit-priors'
  readonly version: 1
  /** Numbers in a context: d. */
  readonly dimension: number
  /** Name of the encoder that made the contexts, or null when it is not known. */
  readonly encoder: string | null
  /** By the ids of the models. */
  readonly models: Readonly<Record<string, ModelPrior>>
}

/** The prior of a model, or null for a model without one. */
export function priorOf(priors: Priors | null, id: string): ModelPrior | null {
  return priors !== null && Object.hasOwn(priors.models, id) ? priors.models[id] : null
}
