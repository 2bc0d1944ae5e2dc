import {
  checkFinite,
  checkInRange,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkString,
} from './check.js'
import { expected, ParetoBanditError } from './errors.js'
import type { AnyEncoder } from './features/encoder.js'
import { KERNEL_NAMES, type KernelName } from './kernel/kernel.js'
import { DIMENSION_MAX } from './kernel/layout.js'
import { PACER_MODES, type PacerMode } from './pacing/dual-ascent.js'
import { ADAPTATION_HORIZON, nEffectiveOf } from './policy/horizon.js'
import type { Priors } from './policy/priors.js'
import { checkModelSpecs, type ModelSpec } from './registry/model.js'

export const POLICY_NAMES = ['paper'] as const
export type PolicyName = (typeof POLICY_NAMES)[number]

export interface BudgetOptions {
  /** Ceiling of the mean spend per request, USD, > 0. */
  readonly usdPerRequest: number
  /** soft: a shadow price; hard: only models under a price ceiling; adaptive (default): both. */
  readonly mode?: PacerMode
}

/** Everything is optional: a router may start empty and get its models by `addModel` or `restore`. */
export interface RouterOptions {
  readonly models?: readonly ModelSpec[]
  readonly budget?: BudgetOptions | null
  readonly policy?: PolicyName
  /** Encoder of texts; omit it to route vectors, or to get the default hashing encoder when `dimension` is omitted. */
  readonly encoder?: AnyEncoder
  /** Length of a context, bias included; defaults to the encoder's. Only vectors are routed when given alone. */
  readonly dimension?: number
  /** Warm-up priors from `fitPriors`; models without one start cold. */
  readonly priors?: Priors
  /** How many observations the priors are worth. Default: from `adaptationHorizon`. */
  readonly nEffective?: number
  /** Requests after which fresh evidence outweighs the prior; gives nEffective = (gamma^-T - 1)/(1 - gamma). */
  readonly adaptationHorizon?: number
  /** Weight of the exploration bonus, >= 0. Default 0.01 with priors, 0.05 without. */
  readonly alpha?: number
  /** Forgetting factor in (0, 1]. Default 0.997. */
  readonly gamma?: number
  /** Regularization of the ridge estimate, > 0. Default 1. */
  readonly lambda0?: number
  /** Static weight of log-normalised cost, >= 0. Default 0 with a budget, 0.3 without. */
  readonly costWeight?: number
  /** Rewards outside are refused. Default [0, 1]. */
  readonly rewardRange?: readonly [number, number]
  /** Requests that a newcomer gets for certain. Default 20. */
  readonly forcedExploration?: number
  /** Tokens assumed for a request of unknown size. Default 300 in, 300 out. */
  readonly expectedTokens?: { readonly input: number; readonly output: number }
  /** How many of the latest requests may still get feedback. Default 65,536. */
  readonly pendingCapacity?: number
  /** After this long without a settlement a reservation becomes spend, and a reward comes too late. Default 24 h. */
  readonly pendingTtlMs?: number
  readonly kernel?: KernelName | 'auto'
  /** Seeds the tie-break. Default 0. */
  readonly seed?: number
  /** Milliseconds since the epoch. Default Date.now. */
  readonly clock?: () => number
  /** First part of request ids, to tell routers apart: letters, digits, - and _. Default 'r'. */
  readonly name?: string
  /** Told of an exception in an event listener. Default: console.error. */
  readonly onListenerError?: (error: unknown) => void
}

/** RouterOptions with every default in place, checked and frozen. */
export interface ResolvedOptions {
  readonly models: readonly ModelSpec[]
  readonly budgetUsdPerRequest: number | null
  readonly pacerMode: PacerMode
  readonly policy: PolicyName
  readonly encoder: AnyEncoder | null
  readonly dimension: number
  readonly priors: Priors | null
  readonly nEffective: number
  readonly alpha: number
  readonly gamma: number
  readonly lambda0: number
  readonly costWeight: number | null
  readonly rewardLow: number
  readonly rewardHigh: number
  readonly forcedExploration: number
  readonly expectedInputTokens: number
  readonly expectedOutputTokens: number
  readonly pendingCapacity: number
  readonly pendingTtlMs: number
  readonly kernel: KernelName | 'auto'
  readonly seed: number
  readonly clock: () => number
  readonly name: string
  readonly onListenerError: (error: unknown) => void
}

const OPTION_KEYS = [
  'models',
  'budget',
  'policy',
  'encoder',
  'dimension',
  'priors',
  'nEffective',
  'adaptationHorizon',
  'alpha',
  'gamma',
  'lambda0',
  'costWeight',
  'rewardRange',
  'forcedExploration',
  'expectedTokens',
  'pendingCapacity',
  'pendingTtlMs',
  'kernel',
  'seed',
  'clock',
  'name',
  'onListenerError',
] as const satisfies readonly (keyof RouterOptions)[]

export const DEFAULT_GAMMA = 0.997
export const FORCED_EXPLORATION_MAX = 1_000_000
/** A stronger prior could never be outweighed. */
const N_EFFECTIVE_MAX = 1e12
const KERNEL_CHOICES = ['auto', ...KERNEL_NAMES] as const
const DAY_MS = 86_400_000
const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/

/**
 * Checks every option and fills in the defaults.
 * @param encoder the encoder in force (the caller has loaded the default one if none was given), or null
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH, DUPLICATE_MODEL naming the field
 */
export function resolveOptions(options: RouterOptions, encoder: AnyEncoder | null): ResolvedOptions {
  const budget = options.budget === undefined ? null : checkBudget(options.budget, 'budget')
  const priors = options.priors ?? null
  const gamma = optional(options.gamma, DEFAULT_GAMMA, checkGamma, 'gamma')
  const dimension = resolveDimension(options, encoder)
  if (priors !== null && priors.dimension !== dimension) {
    throw expected('DIMENSION_MISMATCH', 'priors.dimension', `${dimension}`, priors.dimension)
  }
  const [rewardLow, rewardHigh] = optional(options.rewardRange, [0, 1], checkRewardRange, 'rewardRange')
  const tokens = optional(options.expectedTokens, { input: 300, output: 300 }, checkExpectedTokens, 'expectedTokens')
  const seed = optional(options.seed, 0, (v, f) => checkInteger(v, 0, 0xffffffff, f), 'seed')
  return Object.freeze({
    models: optional(options.models, [], checkModelSpecs, 'models'),
    budgetUsdPerRequest: budget?.usdPerRequest ?? null,
    pacerMode: budget?.mode ?? 'adaptive',
    policy: optional(options.policy, 'paper', (v, f) => checkOneOf(v, POLICY_NAMES, f), 'policy'),
    encoder,
    dimension,
    priors,
    nEffective: resolveNEffective(options, gamma),
    alpha: optional(options.alpha, priors === null ? 0.05 : 0.01, (v, f) => checkInRange(v, 0, 1e6, f), 'alpha'),
    gamma,
    lambda0: optional(options.lambda0, 1, (v, f) => checkInRange(v, 1e-6, 1e6, f), 'lambda0'),
    costWeight: optional(options.costWeight, null, (v, f) => checkInRange(v, 0, 1e6, f), 'costWeight'),
    rewardLow,
    rewardHigh,
    forcedExploration: optional(options.forcedExploration, 20, checkForcedExploration, 'forcedExploration'),
    expectedInputTokens: tokens.input,
    expectedOutputTokens: tokens.output,
    pendingCapacity: optional(options.pendingCapacity, 65_536, (v, f) => checkInteger(v, 1, 2 ** 24, f), 'pendingCapacity'),
    pendingTtlMs: optional(options.pendingTtlMs, DAY_MS, checkPositive, 'pendingTtlMs'),
    kernel: optional(options.kernel, 'auto', (v, f) => checkOneOf(v, KERNEL_CHOICES, f), 'kernel'),
    seed,
    clock: optional(options.clock, Date.now, checkFunction<() => number>, 'clock'),
    name: optional(options.name, 'r', checkName, 'name'),
    onListenerError: optional(
      options.onListenerError,
      (error: unknown) => console.error(error),
      checkFunction<(error: unknown) => void>,
      'onListenerError',
    ),
  })
}

/** Refuses anything that is not an options object, and unknown keys, before anything is loaded. */
export function checkRouterOptions(options: unknown): RouterOptions {
  const record = checkRecord(options, 'options')
  checkKeys(record, OPTION_KEYS, '')
  if (record.encoder !== undefined) checkEncoder(record.encoder, 'encoder')
  return options as RouterOptions
}

function checkEncoder(value: unknown, field: string): void {
  const { name, encodeInto, encode } = checkRecord(value, field)
  checkString(name, `${field}.name`)
  if (typeof encodeInto !== 'function' && typeof encode !== 'function') {
    throw expected('INVALID_ARGUMENT', field, 'an encoder with encodeInto or encode', value)
  }
}

export function checkBudget(value: unknown, field: string): { usdPerRequest: number; mode: PacerMode | undefined } | null {
  if (value === null) return null
  const record = checkRecord(value, field)
  checkKeys(record, ['usdPerRequest', 'mode'], field)
  return {
    usdPerRequest: checkPositive(record.usdPerRequest, `${field}.usdPerRequest`),
    mode: record.mode === undefined ? undefined : checkOneOf(record.mode, PACER_MODES, `${field}.mode`),
  }
}

export function checkForcedExploration(value: unknown, field: string): number {
  return checkInteger(value, 0, FORCED_EXPLORATION_MAX, field)
}

function optional<T>(value: unknown, fallback: T, check: (value: unknown, field: string) => T, field: string): T {
  return value === undefined ? fallback : check(value, field)
}

function resolveDimension(options: RouterOptions, encoder: AnyEncoder | null): number {
  if (options.dimension === undefined) {
    if (encoder !== null) return checkInteger(encoder.dimension, 1, DIMENSION_MAX, 'encoder.dimension')
    throw expected('INVALID_ARGUMENT', 'dimension', 'a dimension or an encoder', undefined)
  }
  const dimension = checkInteger(options.dimension, 1, DIMENSION_MAX, 'dimension')
  if (encoder !== null && encoder.dimension !== dimension) {
    throw expected('DIMENSION_MISMATCH', 'dimension', `the encoder's ${encoder.dimension}`, dimension)
  }
  return dimension
}

function resolveNEffective(options: RouterOptions, gamma: number): number {
  if (options.nEffective !== undefined) {
    if (options.adaptationHorizon !== undefined) {
      throw new ParetoBanditError('INVALID_ARGUMENT', 'nEffective', 'give nEffective or adaptationHorizon, not both')
    }
    return checkPositive(options.nEffective, 'nEffective')
  }
  if (options.adaptationHorizon === undefined) {
    return Math.min(nEffectiveOf(ADAPTATION_HORIZON, gamma), N_EFFECTIVE_MAX)
  }
  const horizon = checkPositive(options.adaptationHorizon, 'adaptationHorizon')
  return checkInRange(nEffectiveOf(horizon, gamma), 1e-9, N_EFFECTIVE_MAX, 'adaptationHorizon (as nEffective)')
}

function checkGamma(value: unknown, field: string): number {
  checkFinite(value, field)
  return checkInRange(value, 0.5, 1, field)
}

function checkRewardRange(value: unknown, field: string): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) throw expected('INVALID_ARGUMENT', field, '[low, high]', value)
  const low = checkInRange(value[0], -1e6, 1e6, `${field}[0]`)
  const high = checkInRange(value[1], -1e6, 1e6, `${field}[1]`)
  if (low >= high) throw expected('INVALID_ARGUMENT', field, 'low < high', `[${low}, ${high}]`)
  return [low, high]
}

function checkExpectedTokens(value: unknown, field: string): { readonly input: number; readonly output: number } {
  const record = checkRecord(value, field)
  checkKeys(record, ['input', 'output'], field)
  return {
    input: checkInRange(record.input, 0, 1e9, `${field}.input`),
    output: checkInRange(record.output, 0, 1e9, `${field}.output`),
  }
}

function checkFunction<T>(value: unknown, field: string): T {
  if (typeof value !== 'function') throw expected('INVALID_ARGUMENT', field, 'a function', value)
  return value as T
}

function checkName(value: unknown, field: string): string {
  const name = checkString(value, field)
  if (!NAME_PATTERN.test(name)) throw expected('INVALID_ARGUMENT', field, '1 to 64 letters, digits, - or _', name)
  return name
}
