import { mulberry32, permutation, type Random } from '../base/random.js'

/** Seed s of a replay shuffles with 1000 + s, so that runs can be compared pair by pair. */
export const FIRST_SEED = 1000

/** Which rows one seed fits, learns from and is measured on, in order. Row numbers of the tables in use. */
export interface SeedPlan {
  /** Rows of the training table that fit the warm-up priors; none in a cold run. */
  readonly fit: readonly number[]
  /** Rows of the training table that are routed and learned from without metrics. */
  readonly burnIn: readonly number[]
  /** Rows of the evaluation table that are routed, learned from and measured: one list a phase. */
  readonly phases: readonly (readonly number[])[]
}

export interface PlanOptions {
  readonly seed: number
  /** Rows of a separate training table, or null to split the one table there is. */
  readonly trainSize: number | null
  readonly dataSize: number
  readonly cold: boolean
  /** Three phases (first half of the evaluation rows, second half, first half again) rather than one. */
  readonly phased: boolean
}

/**
 * Shuffles and splits for one seed. One table: 40 % fit, 20 % burn-in, 40 % evaluation. A training table besides: its
 * first half fits, its second half is burnt in, and all of the evaluation table evaluates, shuffled. Cold: everything
 * before evaluation is burnt in.
 *
 * Each phase is shuffled again. Before each of these shuffles one number a request routed so far is drawn and dropped:
 * the generator used to break ties too, and so the orders stay those of the recorded figures.
 */
export function planSeed(options: PlanOptions): SeedPlan {
  const random = mulberry32(options.seed)
  const { fit, burnIn, evaluation } = split(options, random)
  const prior = options.cold ? [] : fit
  const routed = options.cold ? [...fit, ...burnIn] : burnIn
  if (!options.phased) return { fit: prior, burnIn: routed, phases: [evaluation] }
  const half = Math.floor(evaluation.length / 2)
  const first = evaluation.slice(0, half)
  const parts = [first, evaluation.slice(half), first]
  let routedSince = routed.length
  const phases = parts.map((part) => {
    for (let i = 0; i < routedSince; i++) random()
    routedSince = part.length
    return permutation(part.length, random).map((j) => part[j])
  })
  return { fit: prior, burnIn: routed, phases }
}

function split(
  options: PlanOptions,
  random: Random,
): { fit: number[]; burnIn: number[]; evaluation: number[] } {
  if (options.trainSize === null) {
    const order = permutation(options.dataSize, random)
    const fitEnd = Math.floor(0.4 * options.dataSize)
    const burnInEnd = Math.floor(0.6 * options.dataSize)
    return {
      fit: order.slice(0, fitEnd),
      burnIn: order.slice(fitEnd, burnInEnd),
      evaluation: order.slice(burnInEnd),
    }
  }
  const order = permutation(options.trainSize, random)
  const half = Math.floor(options.trainSize / 2)
  const evaluation = permutation(options.dataSize, random)
  return { fit: order.slice(0, half), burnIn: order.slice(half), evaluation }
}
