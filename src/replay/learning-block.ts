/** Mean reward and spend over one block of requests, over all seeds. */
export interface LearningBlock {
  /** Requests [from, to), counted from the first that was routed. */
  readonly from: number
  readonly to: number
  readonly cold: number
  readonly warm: number
  /** Mean cost over budget. */
  readonly coldUtilisation: number
  readonly warmUtilisation: number
}

/** How a cold start catches up at one budget: whole blocks of 100 requests of the burn-in. */
export interface LearningCurve {
  readonly budgetUsdPerRequest: number
  readonly blocks: readonly LearningBlock[]
}
