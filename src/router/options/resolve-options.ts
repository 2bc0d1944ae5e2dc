import { ADAPTATION_HORIZON, ADAPTATION_HORIZON_DOLLAR, nEffectiveOf } from '../../bandit/horizon.js'
import {
  checkBoolean,
  checkFinite,
  checkInRange,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkString,
  DIMENSION_MAX,
} from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import type { AnyEncoder } from '../../features/encoder.js'
import { KERNEL_NAMES } from '../../kernel/kernel.js'
import { checkModelSpecs } from '../../models/model.js'
import { checkBudget } from '../../policy/check-budget.js'
import { ORIGIN_NAME } from '../../state/pending/origins.js'
import {
  DEFAULT_ALPHA_COLD,
  DEFAULT_ALPHA_WARM,
  DEFAULT_BURST,
  DEFAULT_GAMMA,
  DEFAULT_GAMMA_DOLLAR,
  DEFAULT_POLICY,
  EPSILON_MAX,
  POLICY_NAMES,
  type PolicyName,
  RESERVE_MODES,
  type ResolvedOptions,
  type RouterOptions,
} from './options.js'

export const OPTION_KEYS = [
  'models',
  'budget',
  'policy',
  'caps',
  'tenants',
  'latency',
  'quality',
  'strict',
  'reserve',
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
  'epsilon',
  'seed',
  'clock',
  'name',
  'onListenerError',
  'store',
  'journal',
] as const satisfies readonly (keyof RouterOptions)[]

export const FORCED_EXPLORATION_MAX = 1_000_000
/** A stronger prior could never be outweighed. */
const N_EFFECTIVE_MAX = 1e12
const KERNEL_CHOICES = ['auto', ...KERNEL_NAMES] as const
const DAY_MS = 86_400_000

/**
 * Checks every option and fills in the defaults.
 * @param encoder the encoder in force (the caller has loaded the default one if none was given), or null
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH, DUPLICATE_MODEL naming the field
 */
export function resolveOptions(options: RouterOptions, encoder: AnyEncoder | null): ResolvedOptions {
  const budget = options.budget === undefined ? null : checkBudget(options.budget, 'budget')
  const priors = options.priors ?? null
  const policy = optional(options.policy, DEFAULT_POLICY, (v, f) => checkOneOf(v, POLICY_NAMES, f), 'policy')
  const dollar = policy === 'dollar'
  const gamma = optional(options.gamma, dollar ? DEFAULT_GAMMA_DOLLAR : DEFAULT_GAMMA, checkGamma, 'gamma')
  checkPolicyOptions(options, budget, policy)
  const dimension = resolveDimension(options, encoder)
  if (priors !== null && priors.dimension !== dimension) {
    throw expected('DIMENSION_MISMATCH', 'priors.dimension', `${dimension}`, priors.dimension)
  }
  const [rewardLow, rewardHigh] = optional(options.rewardRange, [0, 1], checkRewardRange, 'rewardRange')
  const tokens = optional(
    options.expectedTokens,
    { input: 300, output: 300 },
    checkExpectedTokens,
    'expectedTokens',
  )
  const seed = optional(options.seed, 0, (v, f) => checkInteger(v, 0, 0xffffffff, f), 'seed')
  return Object.freeze({
    models: optional(options.models, [], checkModelSpecs, 'models'),
    budgetUsdPerRequest: budget?.usdPerRequest ?? null,
    pacerMode: budget?.mode ?? 'adaptive',
    burst: budget?.burst ?? DEFAULT_BURST,
    policy,
    strict: optional(options.strict, false, checkBoolean, 'strict'),
    reserve: optional(options.reserve, 'expected', (v, f) => checkOneOf(v, RESERVE_MODES, f), 'reserve'),
    encoder,
    dimension,
    priors,
    nEffective: resolveNEffective(options, gamma, dollar ? ADAPTATION_HORIZON_DOLLAR : ADAPTATION_HORIZON),
    alpha: optional(
      options.alpha,
      priors === null ? DEFAULT_ALPHA_COLD : DEFAULT_ALPHA_WARM,
      (v, f) => checkInRange(v, 0, 1e6, f),
      'alpha',
    ),
    gamma,
    lambda0: optional(options.lambda0, 1, (v, f) => checkInRange(v, 1e-6, 1e6, f), 'lambda0'),
    costWeight: optional(options.costWeight, null, (v, f) => checkInRange(v, 0, 1e6, f), 'costWeight'),
    rewardLow,
    rewardHigh,
    forcedExploration: optional(options.forcedExploration, 20, checkForcedExploration, 'forcedExploration'),
    expectedInputTokens: tokens.input,
    expectedOutputTokens: tokens.output,
    pendingCapacity: optional(
      options.pendingCapacity,
      65_536,
      (v, f) => checkInteger(v, 1, 2 ** 24, f),
      'pendingCapacity',
    ),
    pendingTtlMs: optional(options.pendingTtlMs, DAY_MS, checkPositive, 'pendingTtlMs'),
    kernel: optional(options.kernel, 'auto', (v, f) => checkOneOf(v, KERNEL_CHOICES, f), 'kernel'),
    epsilon: optional(options.epsilon, 0, (v, f) => checkInRange(v, 0, EPSILON_MAX, f), 'epsilon'),
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
  // A copy: the caller may change its object while encoder and kernel load.
  return { ...record } as RouterOptions
}

/** An object with a name and one of the two ways to encode. */
export function checkEncoder(value: unknown, field: string): AnyEncoder {
  const { name, encodeInto, encode } = checkRecord(value, field)
  checkString(name, `${field}.name`)
  if (typeof encodeInto !== 'function' && typeof encode !== 'function') {
    throw expected('INVALID_ARGUMENT', field, 'an encoder with encodeInto or encode', value)
  }
  return value as AnyEncoder
}

/** Options of one policy mean nothing to the other: better refused than ignored. @throws INVALID_ARGUMENT */
function checkPolicyOptions(
  options: RouterOptions,
  budget: ReturnType<typeof checkBudget>,
  policy: PolicyName,
): void {
  const given = {
    dollar: { costWeight: options.costWeight, 'budget.mode': budget?.mode },
    paper: {
      'budget.burst': budget?.burst,
      caps: options.caps,
      tenants: options.tenants,
      latency: options.latency,
      quality: options.quality,
      strict: options.strict,
      reserve: options.reserve,
    },
  }[policy]
  const foreign = Object.entries(given).find(([, value]) => value !== undefined)?.[0]
  if (foreign === undefined) return
  const other = policy === 'dollar' ? 'paper' : 'dollar'
  throw new ParetoBanditError('INVALID_ARGUMENT', foreign, `goes with policy '${other}', this is '${policy}'`)
}

export function checkForcedExploration(value: unknown, field: string): number {
  return checkInteger(value, 0, FORCED_EXPLORATION_MAX, field)
}

function optional<T>(
  value: unknown,
  fallback: T,
  check: (value: unknown, field: string) => T,
  field: string,
): T {
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

function resolveNEffective(options: RouterOptions, gamma: number, horizonDefault: number): number {
  if (options.nEffective !== undefined) {
    if (options.adaptationHorizon !== undefined) {
      throw new ParetoBanditError(
        'INVALID_ARGUMENT',
        'nEffective',
        'give nEffective or adaptationHorizon, not both',
      )
    }
    return checkPositive(options.nEffective, 'nEffective')
  }
  if (options.adaptationHorizon === undefined) {
    return Math.min(nEffectiveOf(horizonDefault, gamma), N_EFFECTIVE_MAX)
  }
  const horizon = checkPositive(options.adaptationHorizon, 'adaptationHorizon')
  return checkInRange(
    nEffectiveOf(horizon, gamma),
    1e-9,
    N_EFFECTIVE_MAX,
    'adaptationHorizon (as nEffective)',
  )
}

function checkGamma(value: unknown, field: string): number {
  checkFinite(value, field)
  return checkInRange(value, 0.5, 1, field)
}

function checkRewardRange(value: unknown, field: string): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2)
    throw expected('INVALID_ARGUMENT', field, '[low, high]', value)
  const low = checkInRange(value[0], -1e6, 1e6, `${field}[0]`)
  const high = checkInRange(value[1], -1e6, 1e6, `${field}[1]`)
  if (low >= high) throw expected('INVALID_ARGUMENT', field, 'low < high', `[${low}, ${high}]`)
  return [low, high]
}

function checkExpectedTokens(
  value: unknown,
  field: string,
): { readonly input: number; readonly output: number } {
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
  if (!ORIGIN_NAME.test(name))
    throw expected('INVALID_ARGUMENT', field, '1 to 64 letters, digits, - or _', name)
  return name
}
