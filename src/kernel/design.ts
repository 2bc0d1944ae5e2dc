import type { ArenaLayout } from './layout.js'

/** Sections of one of an arm's design matrices; `theta` and `response` hold its heads' vectors, one after the other. */
export interface Design {
  /** What is regressed on this matrix: 1 is the reward, 2 are the logs of a settlement's cost and latency. */
  readonly heads: number
  readonly lastUpdate: number
  readonly ridge: number
  readonly theta: number
  readonly inverse: number
  readonly precision: number
  readonly response: number
}

/** The design matrix of an arm's rewarded requests. */
export function rewardDesign(layout: ArenaLayout): Design {
  return { ...layout, heads: 1 }
}

/** The design matrix of an arm's settled requests, which the cost and the latency head share. */
export function settledDesign(layout: ArenaLayout): Design {
  return {
    heads: layout.heads,
    lastUpdate: layout.settledUpdate,
    ridge: layout.settledRidge,
    theta: layout.headTheta,
    inverse: layout.settledInverse,
    precision: layout.settledPrecision,
    response: layout.headResponse,
  }
}
