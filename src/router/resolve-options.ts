import { nEffectiveOf } from '../bandit/horizon.js'
import {
  checkBoolean,
  checkFinite,
  checkFunction,
  checkInRange,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkString,
  DIMENSION_MAX,
} from '../base/check.js'
import { expected, expectedGot, isList, ParetoBanditError } from '../base/errors.js'
import { reading, readOnce } from '../base/read-once.js'
import { textDraw } from '../base/text-hash.js'
import { FORCED_EXPLORATION_MAX } from '../events/models.js'
import type { AnyEncoder } from '../features/encoder.js'
import { KERNEL_NAMES } from '../kernel/kernel.js'
import { checkGivenSpecs } from '../models/model.js'
import { type CheckedBudget, checkBudget } from '../policy/budget.js'
import type { ResolvedOptions, RouterOptions } from '../policy/options.js'
import {
  DEFAULT_POLICY,
  POLICIES,
  POLICY_BUDGET_KEYS,
  POLICY_NAMES,
  POLICY_OPTION_KEYS,
  type PolicyName,
} from '../policy/policies.js'
import {
  EXPLORATION_WEIGHT_COLD,
  EXPLORATION_WEIGHT_WARM,
  FORCED_EXPLORATION_REQUESTS,
  RIDGE,
} from '../policy/tuning.js'
import { ORIGIN_NAME } from '../state/pending/origins.js'
import { OwnOrigin } from '../state/pending/own-origin.js'
import { NAME, startOrigin } from './start-origin.js'

/** Share of requests left to chance at most: beyond it chance would decide more than the policy. */
export const EPSILON_MAX = 0.5

/** Every option by name. */
export const OPTION_KEYS: readonly (keyof RouterOptions)[] = [
  'models',
  'budget',
  'policy',
  ...POLICY_OPTION_KEYS,
  'encoder',
  'dimension',
  'bias',
  'priors',
  'nEffective',
  'adaptationHorizon',
  'alpha',
  'gamma',
  'lambda0',
  'rewardRange',
  'forcedExploration',
  'expectedTokens',
  'pendingCapacity',
  'pendingTtlMs',
  'kernel',
  'kernelModule',
  'epsilon',
  'seed',
  'clock',
  'name',
  'onListenerError',
  'store',
  'journal',
  'onDifference',
]

/** Options that are objects to call, or bytes: they stay the caller's. */
const CALLED: readonly string[] = ['encoder', 'store', 'clock', 'onListenerError', 'kernelModule']

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
  const budget =
    options.budget === undefined ? null : checkBudget(options.budget, 'budget', POLICY_BUDGET_KEYS)
  const priors = options.priors ?? null
  const policy = optional(options.policy, DEFAULT_POLICY, (v, f) => checkOneOf(v, POLICY_NAMES, f), 'policy')
  const { settings } = POLICIES[policy]
  const gamma = optional(options.gamma, settings.gamma, checkGamma, 'gamma')
  // Values first: a misspelled one says more than that it goes with another policy.
  for (const name of POLICY_NAMES) POLICIES[name].settings.resolve(options, budget)
  refuseForeign(options, budget, policy)
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
    models: optional(options.models, [], checkGivenSpecs, 'models'),
    budgetUsdPerRequest: budget?.usdPerRequest ?? null,
    policy,
    encoder,
    estimateTokens: null,
    textTokensMin: options.expectedTokens?.input ?? 0,
    dimension,
    bias: optional(options.bias, settings.bias && encoder?.bias !== false, checkBoolean, 'bias'),
    priors,
    nEffective: resolveNEffective(options, gamma, settings.adaptationHorizon),
    alpha: optional(
      options.alpha,
      priors === null ? EXPLORATION_WEIGHT_COLD : EXPLORATION_WEIGHT_WARM,
      (v, f) => checkInRange(v, 0, 1e6, f),
      'alpha',
    ),
    gamma,
    lambda0: optional(options.lambda0, RIDGE, (v, f) => checkInRange(v, 1e-6, 1e6, f), 'lambda0'),
    rewardLow,
    rewardHigh,
    rewards: null,
    forcedExploration: optional(
      options.forcedExploration,
      FORCED_EXPLORATION_REQUESTS,
      checkForcedExploration,
      'forcedExploration',
    ),
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
    kernelModule: resolveKernelModule(options),
    epsilon: optional(options.epsilon, 0, (v, f) => checkInRange(v, 0, EPSILON_MAX, f), 'epsilon'),
    seed,
    drawSeed: drawSeedOf(seed, options),
    clock: optional(options.clock, Date.now, checkFunction<() => number>, 'clock'),
    name: optional(options.name, NAME, checkName, 'name'),
    origin: new OwnOrigin(options.name ?? startOrigin),
    onListenerError: optional(
      options.onListenerError,
      (error: unknown) => console.error(error),
      checkFunction<(error: unknown) => void>,
      'onListenerError',
    ),
    policyOptions: settings.resolve(options, budget),
  })
}

/**
 * Replicas count the requests of their log together, so two that decide at the same time have the same count: with one seed
 * both would leave the same requests to chance, and draw the same.
 */
function drawSeedOf(seed: number, { store }: RouterOptions): number {
  if (reading('store', () => store?.isShared) !== true) return seed
  return (seed ^ (textDraw(startOrigin()) * 2 ** 32)) >>> 0
}

function resolveKernelModule({ kernelModule, kernel }: RouterOptions): object | null {
  if (kernelModule === undefined) return null
  if (typeof kernelModule !== 'object' || kernelModule === null)
    throw expected('INVALID_ARGUMENT', 'kernelModule', 'a WebAssembly.Module', kernelModule)
  if (kernel !== undefined && kernel !== 'auto' && kernel !== 'wasm')
    throw expected('INVALID_ARGUMENT', 'kernelModule', "no module with a kernel other than 'wasm'", kernel)
  return kernelModule
}

/** Refuses anything that is not an options object, and unknown keys, before anything is loaded. */
export function checkRouterOptions(options: unknown): RouterOptions {
  const given = checkRecord(options, 'options')
  checkKeys(given, OPTION_KEYS, '')
  // A copy: the caller may change its object while encoder and kernel load, and what it gave may run its code.
  const own: Record<string, unknown> = {}
  for (const key of namesIn(given)) {
    const value = reading(key, () => given[key])
    own[key] = CALLED.includes(key) ? value : readOnce(value, key)
  }
  if (own.encoder !== undefined) checkEncoder(own.encoder, 'encoder')
  return own as RouterOptions
}

/** Own names, and those of options that a class or a prototype has: `readOnce` counts them too. */
function namesIn(given: Record<string, unknown>): string[] {
  const own = Object.keys(given)
  const inherited = reading('options', () => OPTION_KEYS.filter((key) => key in given && !own.includes(key)))
  return [...own, ...inherited]
}

/** An object with a name and one of the two ways to encode. */
export function checkEncoder(value: unknown, field: string): AnyEncoder {
  const { name, encodeInto, encode } = reading(field, () => {
    const { name, encodeInto, encode, dimension } = checkRecord(value, field)
    return { name, encodeInto, encode, dimension }
  })
  checkString(name, `${field}.name`)
  if (typeof encodeInto !== 'function' && typeof encode !== 'function') {
    throw expected('INVALID_ARGUMENT', field, 'an encoder with encodeInto or encode', value)
  }
  return value as AnyEncoder
}

/** Options of one policy mean nothing to another: better refused than ignored. @throws INVALID_ARGUMENT */
function refuseForeign(options: RouterOptions, budget: CheckedBudget | null, policy: PolicyName): void {
  const own = POLICIES[policy].settings
  for (const other of POLICY_NAMES) {
    const { keys, budgetKeys } = POLICIES[other].settings
    const foreign =
      budgetKeys.find((key) => budget?.[key] !== undefined && !own.budgetKeys.includes(key)) ??
      keys.find((key) => options[key] !== undefined && !own.keys.includes(key))
    if (foreign === undefined) continue
    const field = budgetKeys.includes(foreign) ? `budget.${foreign}` : foreign
    throw new ParetoBanditError('INVALID_ARGUMENT', field, `goes with policy '${other}', this is '${policy}'`)
  }
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

export function checkRewardRange(value: unknown, field: string): readonly [number, number] {
  if (!isList(value) || value.length !== 2) throw expected('INVALID_ARGUMENT', field, '[low, high]', value)
  const low = checkInRange(value[0], -1e6, 1e6, `${field}[0]`)
  const high = checkInRange(value[1], -1e6, 1e6, `${field}[1]`)
  if (low >= high) throw expectedGot('INVALID_ARGUMENT', field, 'low < high', `[${low}, ${high}]`)
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

function checkName(value: unknown, field: string): string {
  const name = checkString(value, field)
  if (!ORIGIN_NAME.test(name))
    throw expected('INVALID_ARGUMENT', field, '1 to 64 letters, digits, - or _', name)
  return name
}
