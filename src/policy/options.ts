import type { Priors } from '../bandit/priors.js'
import type { AnyEncoder } from '../features/encoder.js'
import type { KernelName } from '../kernel/kernel.js'
import type { ModelSpec, ResolvedModelSpec } from '../models/model.js'
import type { StateOptions } from '../state/state-options.js'
import type { RewardRange } from './reward-range.js'

/** Policies add what they take of a budget, by declaration merging in their folders. */
export interface BudgetOptions {
  /** Ceiling of the mean spend per request, USD, > 0; null: none. */
  readonly usdPerRequest: number | null
}

/**
 * Everything is optional: a router may start empty and get its models by `addModel` or `restore`. Policies and the log
 * add their own options to this interface, by declaration merging in their folders.
 */
export interface RouterOptions {
  /** The models to choose from; more can be added at run time. Default: none, or those of the log. An empty list on a log with models is refused. */
  readonly models?: readonly ModelSpec[] | undefined
  /** The ceiling of the mean spend. Null or left out: none. */
  readonly budget?: BudgetOptions | null | undefined
  /** Encoder of texts; omit it to route vectors, or to get the default hashing encoder when `dimension` is omitted. */
  readonly encoder?: AnyEncoder | undefined
  /** Length of a context, bias included; defaults to the encoder's. Only vectors are routed when given alone. */
  readonly dimension?: number | undefined
  /**
   * Whether contexts must end with 1, the bias: what a model earns on average is learned as its weight. Default: true with policy `dollar`,
   * unless the encoder says that its contexts have none. Embeddings have none: append it, and make `dimension` one more. False: contexts
   * without it are taken; by policy `dollar` they are routed badly.
   */
  readonly bias?: boolean | undefined
  /** Warm-up priors from `fitPriors`; models without one start cold. */
  readonly priors?: Priors | undefined
  /** How many observations the priors are worth. Default: from `adaptationHorizon`. */
  readonly nEffective?: number | undefined
  /** Requests after which fresh evidence outweighs the prior; gives nEffective = (gamma^-T - 1)/(1 - gamma). */
  readonly adaptationHorizon?: number | undefined
  /**
   * Weight of the exploration bonus, >= 0, in parts of the range of rewards: the same number explores as much whatever
   * the range. Default 0.01 with priors, 0.05 without.
   */
  readonly alpha?: number | undefined
  /** Forgetting factor in [0.5, 1]; 1 never forgets. Default 0.9997, of policy `paper` 0.997. */
  readonly gamma?: number | undefined
  /** Regularization of the ridge estimate, in [1e-6, 1e6]. Default 1. */
  readonly lambda0?: number | undefined
  /**
   * Lowest and highest reward; others are refused. Default [0, 1]. Give the range that rewards really have: inside, each is
   * scaled to [0, 1], so a router with rewards in [0, 10] decides as one with a tenth of them in [0, 1]. Rewards, scores
   * and prices that the router reports are in the units of this range.
   */
  readonly rewardRange?: readonly [number, number] | undefined
  /**
   * Requests that a newcomer gets to be known, failed ones included: one that is down must not hold up all. Policy `dollar` gives them only as
   * long as it may be worth its price; the others in any case. Default 20.
   */
  readonly forcedExploration?: number | undefined
  /**
   * Tokens assumed for a request of unknown size. Default 300 in, 300 out. The input of a text is estimated from the text
   * itself; where `input` is given it is no less than that, as a system prompt is sent along, say.
   */
  readonly expectedTokens?: { readonly input: number; readonly output: number } | undefined
  /** How many of the latest requests may still get feedback. Default 65,536. */
  readonly pendingCapacity?: number | undefined
  /** After this long without a settlement a reservation becomes spend, and a reward comes too late. Default 24 h. */
  readonly pendingTtlMs?: number | undefined
  /** Default 'auto': native where it has been built, else wasm, else js. One that cannot run: KERNEL_UNAVAILABLE. */
  readonly kernel?: KernelName | 'auto' | undefined
  /**
   * A `WebAssembly.Module` of `paretobandit/kernel.wasm`, for places that compile none: Cloudflare Workers. The router takes
   * kernel `wasm` of it.
   */
  readonly kernelModule?: object | undefined
  /**
   * Share of requests, in [0, 0.5], that go to any eligible and affordable model by chance, so that
   * `paretobandit evaluate` can tell from the log what other policies would have earned. Default 0.
   */
  readonly epsilon?: number | undefined
  /** Seeds the tie-break and all draws; those of replicas that share a log differ in each start all the same. Default 0. */
  readonly seed?: number | undefined
  /** Milliseconds since the epoch. Default Date.now. */
  readonly clock?: (() => number) | undefined
  /**
   * First part of request ids: letters, digits, - and _. Default: `r-` and twelve characters, others at each start, so that
   * feedback for an older process or of a snapshot's later days never finds another request. With a name of your own ids go
   * on from those of the snapshot or log: never give out requests of that name from two processes, or after going back.
   */
  readonly name?: string | undefined
  /** Called with an exception of an event listener, and with what its promise is rejected with. Default: console.error. */
  readonly onListenerError?: ((error: unknown) => void) | undefined
}

/** RouterOptions with every default in place, checked and frozen. `policyOptions` are those of the policy, as it resolved them. */
export interface ResolvedOptions<O = unknown> extends StateOptions<O> {
  readonly models: readonly ResolvedModelSpec[]
  readonly policy: string
  /** Null for rewards in [0, 1]. Of others, `priors` are in parts of the range. */
  readonly rewards: RewardRange | null
  readonly encoder: AnyEncoder | null
  /** Input tokens of a text whose size is not given; null where only vectors are routed. */
  readonly estimateTokens: ((text: string) => number) | null
  /** No text is expected to be less: `expectedTokens.input`, where it was given. */
  readonly textTokensMin: number
  readonly dimension: number
  readonly bias: boolean
  readonly priors: Priors | null
  readonly nEffective: number
  readonly alpha: number
  readonly gamma: number
  readonly forcedExploration: number
  readonly expectedInputTokens: number
  readonly expectedOutputTokens: number
  readonly pendingTtlMs: number
  readonly kernel: KernelName | 'auto'
  readonly kernelModule: object | null
  readonly epsilon: number
  readonly seed: number
  /** Of draws whose chances are logged: `seed`, or of replicas a number of each start. */
  readonly drawSeed: number
  readonly clock: () => number
  readonly onListenerError: (error: unknown) => void
}
